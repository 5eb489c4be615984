/* A file sink whose file is a pipe: that nobody reads it any more, or not yet, neither ends the host nor holds it up. */

#define _POSIX_C_SOURCE 200809L

#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "kit.h"

static char folder[] = "/tmp/trackside-pipe-XXXXXX";
static char path[64], toml[256];

static uint64_t dropped(const trackside_tracker *tracker)
{
    return hits_for(tracker, TRACKSIDE_REASON_STORE_UNAVAILABLE);
}

static void the_reader_goes(void)
{
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    CHECK(reader >= 0);
    trackside_tracker *tracker = open_options(options_of(toml));
    CHECK_INT(visit(tracker, "/"), 0);
    struct pollfd first = { .fd = reader, .events = POLLIN };
    CHECK_INT(poll(&first, 1, (int)LIMIT), 1);
    CHECK_INT(close(reader), 0);
    for (unsigned n = 0; n < 10; n++) {
        CHECK_INT(visit(tracker, "/"), 0);
    }
    close_all(tracker);
    CHECK_INT(books_of(tracker).hits.delivered, 1);
    CHECK_INT(dropped(tracker), 10);
    trackside_tracker_free(tracker);
}

static void there_is_no_reader(void)
{
    trackside_tracker *tracker = open_options(options_of(toml));
    CHECK_INT(visit(tracker, "/"), 0);
    close_all(tracker);
    CHECK_INT(dropped(tracker), 1);
    trackside_tracker_free(tracker);
}

int main(void)
{
    watchdog();
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/hits", folder);
    CHECK_INT(mkfifo(path, 0600), 0);
    snprintf(toml, sizeof toml,
             "consent.policy = 'none'\n[[destination]]\ntype = 'file'\nname = 'one'\npath = '%s'\n"
             "batch.age = '0ms'\n", path);
    the_reader_goes();
    there_is_no_reader();
    CHECK_INT(unlink(path), 0);
    CHECK_INT(rmdir(folder), 0);
    return 0;
}
