#include "engine/registry_access.h"
