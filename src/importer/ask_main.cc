// `pyxis-ask head|digest`: what a registry says a name points to. Apart from pyxis-import because every start
// of an image that is present waits for the answer, and not for the loading of libraries that read archives.
#include <array>

#include "importer/ask.h"
#include "importer/program.h"

int main(int argc, char** argv) {
  static constexpr std::array verbs = {pyxis::NamedVerb{"head", pyxis::ask_name},
                                       pyxis::NamedVerb{"digest", pyxis::ask_manifest_digest}};
  return pyxis::run_importer(argc, argv, verbs);
}
