/* The functions of PMI-1, by those of PMI-2. Debian's OpenMPI can do without PMIx only through its `flux` component, which
 * wants a library of PMI-1: FLUX_PMI_LIBRARY_PATH names it, and FLUX_JOB_ID is set. */
#include <slurm/pmi2.h>
#include <stdio.h>
#include <string.h>

enum { success = 0, failure = -1, name_max = 256, key_max = 64, value_max = 1024, ranks_max = 4096 };

static int size, rank, spawned, appnum, clique[ranks_max], clique_size;

/* MAPPING is "(vector,(FIRST_NODE,NODES,TASKS_PER_NODE),...)", the tasks in the order of their ranks. */
static int find_clique(const char* mapping) {
    static int node_of[ranks_max];
    int ranks = 0, node, nodes, each;
    const char* block = mapping;
    while ((block = strstr(block, ",(")) != NULL) {
        if (sscanf(block, ",(%d,%d,%d)", &node, &nodes, &each) != 3) return failure;
        for (int last = node + nodes; node < last; ++node)
            for (int i = 0; i < each && ranks < ranks_max; ++i) node_of[ranks++] = node;
        block += 2;
    }
    if (rank >= ranks) return failure;
    for (int i = 0; i < ranks; ++i)
        if (node_of[i] == node_of[rank]) clique[clique_size++] = i;
    return success;
}

int PMI_Init(int* was_spawned) {
    char mapping[value_max];
    int found = 0;
    if (PMI2_Init(&spawned, &size, &rank, &appnum) != PMI2_SUCCESS) return failure;
    *was_spawned = spawned;
    if (PMI2_Info_GetJobAttr("PMI_process_mapping", mapping, sizeof mapping, &found) != PMI2_SUCCESS || !found) return failure;
    return find_clique(mapping);
}

int PMI_Initialized(int* initialized) {
    *initialized = PMI2_Initialized();
    return success;
}

int PMI_Finalize(void) { return PMI2_Finalize(); }
int PMI_Abort(int status, const char* message) { return PMI2_Abort(status != 0, message); }

static int give(int* out, int value) {
    *out = value;
    return success;
}

int PMI_Get_size(int* out) { return give(out, size); }
int PMI_Get_universe_size(int* out) { return give(out, size); }
int PMI_Get_rank(int* out) { return give(out, rank); }
int PMI_Get_appnum(int* out) { return give(out, appnum); }
int PMI_Get_clique_size(int* out) { return give(out, clique_size); }
int PMI_Get_clique_ranks(int* out, int length) {
    memcpy(out, clique, sizeof *out * (size_t)(length < clique_size ? length : clique_size));
    return success;
}

int PMI_KVS_Get_name_length_max(int* out) { return give(out, name_max); }
int PMI_KVS_Get_key_length_max(int* out) { return give(out, key_max); }
int PMI_KVS_Get_value_length_max(int* out) { return give(out, value_max); }
int PMI_KVS_Get_my_name(char* out, int length) { return PMI2_Job_GetId(out, length); }

int PMI_KVS_Put(const char* name, const char* key, const char* value) {
    (void)name;
    return PMI2_KVS_Put(key, value);
}

int PMI_KVS_Commit(const char* name) {
    (void)name;
    return success;
}

int PMI_Barrier(void) { return PMI2_KVS_Fence(); }

int PMI_KVS_Get(const char* name, const char* key, char* out, int length) {
    int got = 0;
    return PMI2_KVS_Get(name, PMI2_ID_NULL, key, out, length, &got);
}
