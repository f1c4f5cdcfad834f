/* An MPI program: a token goes once round all ranks, each of which adds its number. Rank 0 prints what has come back. */
#include <mpi.h>
#include <stdio.h>

static int pass_on(int rank, int size) {
    int token = 0;
    if (rank != 0) MPI_Recv(&token, 1, MPI_INT, rank - 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    token += rank;
    MPI_Send(&token, 1, MPI_INT, (rank + 1) % size, 0, MPI_COMM_WORLD);
    if (rank == 0) MPI_Recv(&token, 1, MPI_INT, size - 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    return token;
}

int main(int count, char** arguments) {
    int rank, size, length;
    char host[MPI_MAX_PROCESSOR_NAME];
    MPI_Init(&count, &arguments);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    MPI_Get_processor_name(host, &length);
    int token = pass_on(rank, size);
    printf("rank %d of %d on %s\n", rank, size, host);
    if (rank == 0) printf("token %d\n", token);
    return MPI_Finalize();
}
