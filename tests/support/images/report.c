/* The only program of the image `static`: prints what it was started with, and ends with the number in $EXIT_STATUS. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int count, char** arguments) {
    char directory[4096];
    printf("arguments:");
    for (int i = 1; i < count; ++i) printf(" [%s]", arguments[i]);
    printf("\nuid: %d\ngid: %d\n", (int)getuid(), (int)getgid());
    printf("cwd: %s\n", getcwd(directory, sizeof directory) ? directory : "?");
    const char* variable = getenv("IMAGE_VARIABLE");
    printf("IMAGE_VARIABLE: %s\n", variable ? variable : "(unset)");
    const char* status = getenv("EXIT_STATUS");
    return status ? atoi(status) : 0;
}
