/* A bug, to see that it is found: an exchange that is never freed. */

#define _POSIX_C_SOURCE 200809L

#include "../kit.h"

int main(void)
{
    trackside_tracker *tracker = open_recording("consent.policy = 'none'\n");
    for (int n = 0; n < 10; n++) {
        CHECK(begin_page(tracker, "/") != NULL);
    }
    trackside_tracker_free(tracker);
    return 0;
}
