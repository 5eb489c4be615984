/* A filter and an editor of the host's: what they see and may change, what becomes of their failures, and free. */

#define _POSIX_C_SOURCE 200809L

#include "sink.h"

static const char TOML[] =
    "consent.policy = 'none'\n[[destination]]\ntype = 'callback'\nname = 'mine'\nbatch.age = '20s'\n";

typedef struct say say;

struct say {
    /* What filter and editor return. */
    trackside_status status;
    trackside_tracker *tracker;
    unsigned filtered, edited;
    counter freed;
};

#define SAY_INIT { TRACKSIDE_OK, NULL, 0, 0, COUNTER_INIT }

static bool is_at(const trackside_hit *hit, const char *path)
{
    trackside_bytes text = hit_text(hit, TRACKSIDE_FIELD_PATH);
    return text.length == strlen(path) && memcmp(text.data, path, text.length) == 0;
}

static trackside_status say_filter(void *userdata, const trackside_hit *hit, bool *wanted)
{
    say *self = userdata;
    self->filtered++;
    CHECK(*wanted);
    *wanted = !is_at(hit, "/1");
    return self->status;
}

static trackside_status say_edit(void *userdata, const trackside_hit *hit, trackside_edit *edit)
{
    say *self = userdata;
    self->edited++;
    CHECK(!is_at(hit, "/1") || self->status != TRACKSIDE_OK);
    OK(trackside_edit_text, edit, TRACKSIDE_FIELD_PATH, trackside_text("/edited"));
    OK(trackside_edit_text, edit, TRACKSIDE_FIELD_TITLE, trackside_text("A title"));
    trackside_property property = TRACKSIDE_PROPERTY_INIT;
    property.key = trackside_text("by");
    property.text = trackside_text("hook");
    OK(trackside_edit_property, edit, &property);
    property.key = trackside_text("gone");
    OK(trackside_edit_property, edit, &property);
    OK(trackside_edit_remove_property, edit, trackside_text("gone"));
    OK(trackside_edit_forget_visitor, edit);
    OK(trackside_edit_forget_ip, edit);
    return self->status;
}

/* What must not be given, and what cannot be waited for. */
static trackside_status say_wrong(void *userdata, const trackside_hit *hit, trackside_edit *edit)
{
    say *self = userdata;
    self->edited++;
    FAILS(TRACKSIDE_INVALID_ARGUMENT, "field", trackside_edit_text, edit, TRACKSIDE_FIELD_ID, trackside_text("x"));
    FAILS(TRACKSIDE_INVALID_ARGUMENT, "field", trackside_edit_text, edit, 77, trackside_text("x"));
    trackside_bytes latin = { "\xe9", 1 };
    FAILS(TRACKSIDE_INVALID_UTF8, "value", trackside_edit_text, edit, TRACKSIDE_FIELD_PATH, latin);
    FAILS(TRACKSIDE_NULL_ARGUMENT, "edit", trackside_edit_text, NULL, TRACKSIDE_FIELD_PATH, trackside_text("x"));
    FAILS(TRACKSIDE_NULL_ARGUMENT, "property", trackside_edit_property, edit, NULL);
    FAILS(TRACKSIDE_NULL_ARGUMENT, "edit", trackside_edit_forget_ip, NULL);
    FAILS(TRACKSIDE_NULL_ARGUMENT, "edit", trackside_edit_forget_visitor, NULL);
    FAILS(TRACKSIDE_NULL_ARGUMENT, "edit", trackside_edit_remove_property, NULL, trackside_text("x"));
    FAILS(TRACKSIDE_WRONG_HANDLE, "edit", trackside_edit_forget_ip, (trackside_edit *)(uintptr_t)hit);
    FAILS(TRACKSIDE_REENTRANT, "worker", trackside_tracker_flush, self->tracker, LIMIT, NULL);
    FAILS(TRACKSIDE_REENTRANT, "worker", trackside_tracker_close, self->tracker, LIMIT, NULL);
    CHECK_INT(books_meanwhile(self->tracker).hits.in_flight, 1);
    return TRACKSIDE_OK;
}

static void say_free(void *userdata)
{
    counter_add(&((say *)userdata)->freed, 1);
}

static trackside_hooks hooks_of(say *self)
{
    trackside_hooks hooks = TRACKSIDE_HOOKS_INIT;
    hooks.userdata = self;
    hooks.filter = say_filter;
    hooks.edit = say_edit;
    hooks.free = say_free;
    return hooks;
}

static trackside_tracker *open_hooks(receiver *receiver, const trackside_hooks *hooks)
{
    trackside_options *options = NULL;
    trackside_tracker *tracker = NULL;
    trackside_sink sink = sink_of(receiver);
    OK(trackside_options_new, &options);
    OK(trackside_options_toml, options, trackside_text(TOML));
    OK(trackside_options_sink, options, trackside_text("mine"), &sink);
    OK(trackside_options_hooks, options, hooks);
    OK(trackside_tracker_open, options, &tracker);
    trackside_options_free(options);
    return tracker;
}

static trackside_outcome all_that_was_edited(receiver *receiver, trackside_batch *batch)
{
    const trackside_hit *hit = NULL;
    trackside_property property = TRACKSIDE_PROPERTY_INIT;
    OK(trackside_batch_hit, batch, 0, &hit);
    trackside_bytes title = hit_text(hit, TRACKSIDE_FIELD_TITLE);
    CHECK_INT(title.length, 7);
    CHECK_INT(memcmp(title.data, "A title", 7), 0);
    CHECK_INT(hit_text(hit, TRACKSIDE_FIELD_VISITOR).length, 0);
    CHECK_INT(hit_text(hit, TRACKSIDE_FIELD_IP).length, 0);
    OK(trackside_hit_property, hit, 0, &property);
    CHECK_INT(property.key.length, 2);
    CHECK_INT(memcmp(property.text.data, "hook", 4), 0);
    FAILS(TRACKSIDE_NOT_FOUND, "", trackside_hit_property, hit, 1, &property);
    receiver_take(receiver, batch);
    return TRACKSIDE_OUTCOME_DELIVERED;
}

static void hits_are_filtered_and_edited(void)
{
    receiver receiver = RECEIVER_INIT;
    receiver.answer = all_that_was_edited;
    say say = SAY_INIT;
    trackside_hooks hooks = hooks_of(&say);
    trackside_tracker *tracker = open_hooks(&receiver, &hooks);
    visit_each(tracker, 0, 3);
    close_all(tracker);
    CHECK_INT(say.filtered, 3);
    CHECK_INT(say.edited, 2);
    CHECK_INT(receiver.taken, 2);
    CHECK_STRING(receiver.paths[0], "/edited");
    CHECK_INT(hits_for(tracker, TRACKSIDE_REASON_FILTERED), 1);
    CHECK_INT(books_of(tracker).hits.panics, 0);
    CHECK_INT(counter_get(&say.freed), 0);
    trackside_tracker_free(tracker);
    CHECK_INT(counter_get(&say.freed), 1);
}

static void a_failure_counts_and_the_hit_goes_on(void)
{
    receiver receiver = RECEIVER_INIT;
    say say = SAY_INIT;
    say.status = TRACKSIDE_IO;
    trackside_hooks hooks = hooks_of(&say);
    trackside_tracker *tracker = open_hooks(&receiver, &hooks);
    visit_each(tracker, 0, 2);
    close_all(tracker);
    CHECK_INT(receiver.taken, 2);
    CHECK_STRING(receiver.paths[0], "/0");
    CHECK_STRING(receiver.paths[1], "/1");
    CHECK_INT(books_of(tracker).hits.panics, 4);
    trackside_tracker_free(tracker);
    CHECK_INT(counter_get(&say.freed), 1);
}

static void mistakes_have_a_status(void)
{
    receiver receiver = RECEIVER_INIT;
    say say = SAY_INIT;
    trackside_hooks hooks = hooks_of(&say);
    hooks.filter = NULL;
    hooks.edit = say_wrong;
    trackside_tracker *tracker = open_hooks(&receiver, &hooks);
    say.tracker = tracker;
    visit_each(tracker, 0, 1);
    close_all(tracker);
    CHECK_INT(say.edited, 1);
    CHECK_INT(receiver.taken, 1);
    CHECK_STRING(receiver.paths[0], "/0");
    trackside_tracker_free(tracker);
    CHECK_INT(counter_get(&say.freed), 1);
}

/* Exactly once, whatever becomes of them. */
static void hooks_are_freed_once(void)
{
    say say = SAY_INIT;
    trackside_hooks hooks = hooks_of(&say), none = TRACKSIDE_HOOKS_INIT;
    trackside_options *options = NULL;
    trackside_tracker *tracker = NULL;
    none.userdata = &say;
    none.free = say_free;
    OK(trackside_options_new, &options);
    FAILS(TRACKSIDE_NULL_ARGUMENT, "hooks", trackside_options_hooks, options, NULL);
    CHECK_INT(counter_get(&say.freed), 0);
    FAILS(TRACKSIDE_NULL_ARGUMENT, "filter", trackside_options_hooks, options, &none);
    CHECK_INT(counter_get(&say.freed), 1);
    FAILS(TRACKSIDE_NULL_ARGUMENT, "options", trackside_options_hooks, NULL, &hooks);
    CHECK_INT(counter_get(&say.freed), 2);
    OK(trackside_options_hooks, options, &hooks);
    OK(trackside_options_hooks, options, &hooks);
    CHECK_INT(counter_get(&say.freed), 3);
    OK(trackside_options_toml, options, trackside_text("consent.policy = 'none'"));
    OK(trackside_options_recording, options);
    OK(trackside_tracker_open, options, &tracker);
    CHECK_INT(counter_get(&say.freed), 4);
    trackside_tracker_free(tracker);
    FAILS(TRACKSIDE_INVALID_ARGUMENT, "used up", trackside_tracker_open, options, &tracker);
    OK(trackside_options_hooks, options, &hooks);
    trackside_options_free(options);
    CHECK_INT(counter_get(&say.freed), 5);
}

int main(void)
{
    watchdog();
    hits_are_filtered_and_edited();
    a_failure_counts_and_the_hit_goes_on();
    mistakes_have_a_status();
    hooks_are_freed_once();
    return 0;
}
