// `pyxis-squash`: what the engine does with image files, a verb for each. Apart from `pyxis` because an image
// file is hostile input, and because a start that needs none should not load what reads them.
#include <array>

#include "engine/helper_program.h"
#include "imagefile/serve_verb.h"
#include "imagefile/unpack_verb.h"
#include "imagefile/write_verb.h"

int main(int argc, char** argv) {
  const std::array verbs = {pyxis::HelperVerb{"serve", 3, pyxis::serve_verb},
                            pyxis::HelperVerb{"unpack", 1, pyxis::unpack_verb},
                            pyxis::HelperVerb{"write", 0, pyxis::write_verb}};
  return pyxis::run_helper_program({argv, static_cast<size_t>(argc)}, verbs);
}
