/* Hooks across forks, and from inside one: every process that frees what it has is told once that its own copy can
   go, and a child whose parent is at work in a filter asks its own. */

#define _POSIX_C_SOURCE 200809L

#include "kit.h"

enum { FORKS = OF_FORKS(40, 15) };

static const char TOML[] =
    "consent.policy = 'none'\nshutdown = '120s'\n"
    "[[destination]]\ntype = 'callback'\nname = 'one'\nbatch.age = '0ms'\n"
    "[[destination]]\ntype = 'callback'\nname = 'two'\nbatch.age = '0ms'\n";

static pid_t parent;

/* What each process sees of its own: how often it was asked, and how often told that nobody asks any more. */
static counter asked = COUNTER_INIT, freed = COUNTER_INIT;

/* The parent's filter waits for the door. */
static counter door = COUNTER_INIT;

static trackside_status filter(void *userdata, const trackside_hit *hit, bool *wanted)
{
    (void)userdata;
    CHECK_INT(counter_get(&freed), 0);
    counter_add(&asked, 1);
    if (getpid() == parent) {
        counter_wait(&door, 1);
    }
    trackside_bytes path = hit_text(hit, TRACKSIDE_FIELD_PATH);
    *wanted = path.length != 3 || memcmp(path.data, "/no", 3) != 0;
    return TRACKSIDE_OK;
}

static trackside_status edit(void *userdata, const trackside_hit *hit, trackside_edit *edit)
{
    (void)userdata;
    (void)hit;
    CHECK_INT(counter_get(&freed), 0);
    OK(trackside_edit_text, edit, TRACKSIDE_FIELD_TITLE, trackside_text("edited"));
    return TRACKSIDE_OK;
}

static void let_go(void *userdata)
{
    (void)userdata;
    counter_add(&freed, 1);
}

static trackside_outcome deliver(void *userdata, trackside_batch *batch)
{
    (void)userdata;
    for (size_t n = 0; n < trackside_batch_count(batch); n++) {
        const trackside_hit *hit = NULL;
        OK(trackside_batch_hit, batch, n, &hit);
        CHECK_INT(hit_text(hit, TRACKSIDE_FIELD_TITLE).length, 6);
    }
    return TRACKSIDE_OUTCOME_DELIVERED;
}

static trackside_options *options_with_hooks(void)
{
    trackside_options *options = options_of(TOML);
    trackside_sink sink = TRACKSIDE_SINK_INIT;
    sink.deliver = deliver;
    OK(trackside_options_sink, options, trackside_text("one"), &sink);
    OK(trackside_options_sink, options, trackside_text("two"), &sink);
    trackside_hooks hooks = TRACKSIDE_HOOKS_INIT;
    hooks.filter = filter;
    hooks.edit = edit;
    hooks.free = let_go;
    OK(trackside_options_hooks, options, &hooks);
    return options;
}

/* Whether this is a child, which lives on; its parent waits until it has ended well. */
static bool forked(void)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        watchdog();
        return true;
    }
    ended_well(child);
    return false;
}

static void is_let_go_once(void)
{
    counter_wait(&freed, 1);
    CHECK_INT(counter_get(&freed), 1);
}

/* A child frees options that opened nothing, opens them, or frees a tracker that nobody has used. */
static trackside_tracker *of_children_that_free(void)
{
    trackside_options *options = options_with_hooks();
    trackside_tracker *tracker = NULL;
    if (forked()) {
        trackside_options_free(options);
        CHECK_INT(counter_get(&freed), 1);
        _exit(0);
    }
    if (forked()) {
        OK(trackside_tracker_open, options, &tracker);
        CHECK_INT(visit(tracker, "/"), 0);
        trackside_tracker_free(tracker);
        is_let_go_once();
        CHECK_INT(counter_get(&asked), 1);
        trackside_options_free(options);
        CHECK_INT(counter_get(&freed), 1);
        _exit(0);
    }
    OK(trackside_tracker_open, options, &tracker);
    if (forked()) {
        trackside_tracker_free(tracker);
        trackside_options_free(options);
        CHECK_INT(counter_get(&freed), 1);
        _exit(0);
    }
    trackside_options_free(options);
    CHECK_INT(counter_get(&freed), 0);
    return tracker;
}

/* While the parent's worker is inside its filter. */
static void live(trackside_tracker *tracker, unsigned who)
{
    CHECK_INT(books_of(tracker).hits.offered, 0);
    unsigned before = counter_get(&asked), visits = who % 3;
    for (unsigned n = 0; n < visits; n++) {
        CHECK_INT(visit(tracker, n == 0 ? "/no" : "/"), 0);
    }
    if (who % 2 == 0) {
        close_all(tracker);
        CHECK_INT(counter_get(&asked), before + visits);
        CHECK_INT(hits_for(tracker, TRACKSIDE_REASON_FILTERED), visits > 0);
        CHECK_INT(counter_get(&freed), 0);
    }
    if (who % 5 == 0) {
        /* With workers that are at rest, gone or not there. */
        OK(trackside_tracker_flush, tracker, LIMIT, NULL);
        if (forked()) {
            CHECK_INT(visit(tracker, "/"), 0);
            trackside_tracker_free(tracker);
            is_let_go_once();
            _exit(0);
        }
        CHECK_INT(counter_get(&freed), 0);
    }
    if (who % 7 == 0) {
        /* Closed by its exit, which frees nothing. */
        exit(0);
    }
    trackside_tracker_free(tracker);
    is_let_go_once();
    CHECK_INT(counter_get(&asked), before + visits);
    _exit(0);
}

int main(void)
{
    watchdog();
    parent = getpid();
    trackside_tracker *tracker = of_children_that_free();
    CHECK_INT(visit(tracker, "/"), 0);
    counter_wait(&asked, 1);
    for (unsigned n = 0; n < FORKS; n++) {
        if (forked()) {
            live(tracker, n);
        }
        CHECK_INT(counter_get(&freed), 0);
    }
    counter_add(&door, 1);
    close_all(tracker);
    CHECK_INT(counter_get(&asked), 1);
    CHECK_INT(books_of(tracker).hits.delivered, 1);
    trackside_tracker_free(tracker);
    is_let_go_once();
    return 0;
}
