/* A bug, to see that it is found: a shift by more than the number has bits. */

int main(int count, char **arguments)
{
    (void)arguments;
    volatile int distance = count + 39;
    volatile int number = 1 << distance;
    return number == 77;
}
