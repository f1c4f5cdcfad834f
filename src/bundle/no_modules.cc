// A static program must not load libraries of the machine it comes to. Of what it is linked with, only libfuse
// would, for modules that nobody asks it for: it is told that there are none (the linker's --wrap=dlopen).
extern "C" void* __wrap_dlopen(const char*, int);
extern "C" void* __wrap_dlopen(const char*, int) {
  return nullptr;
}
