// Stands where NVIDIA's plugin was, in the test of moving over: Slurm loads it, and it does nothing.
#include <slurm/spank.h>

SPANK_PLUGIN(pyxis, 1)

int slurm_spank_init(spank_t spank, int count, char** words) {
  (void)spank, (void)count, (void)words;
  return 0;
}
