/* A bug, to see that it is found: one byte is written past the end of what was allocated. */

#include <stdlib.h>

int main(int count, char **arguments)
{
    (void)arguments;
    size_t size = (size_t)count * 16;
    volatile char *memory = malloc(size);
    if (memory == NULL) {
        return 0;
    }
    memory[size] = 1;
    free((void *)memory);
    return 0;
}
