/* A sink of the host's own that remembers what it was given, and behaves as it is told. */

#ifndef SINK_H
#define SINK_H

#include "kit.h"

enum { ROOM = 64, PATH = 64 };

typedef struct receiver receiver;

struct receiver {
    /* What becomes of a batch; `calls` includes this one. Takes all of it if there is none. */
    trackside_outcome (*answer)(receiver *self, trackside_batch *batch);
    trackside_outcome outcome;
    /* For whatever an answer needs. */
    void *more;
    pthread_mutex_t lock;
    unsigned calls;
    /* The paths of the hits taken, and how many hits each batch had. */
    unsigned taken;
    char paths[ROOM][PATH];
    size_t sizes[ROOM];
    /* How often it was let go of, how often an answer began, and what an answer may wait for. */
    counter freed, entered, door;
};

#define RECEIVER_INIT \
    { NULL, 0, NULL, PTHREAD_MUTEX_INITIALIZER, 0, 0, { "" }, { 0 }, COUNTER_INIT, COUNTER_INIT, COUNTER_INIT }

static inline void receiver_take_leading(receiver *self, const trackside_batch *batch, size_t count)
{
    for (size_t n = 0; n < count; n++) {
        const trackside_hit *hit = NULL;
        OK(trackside_batch_hit, batch, n, &hit);
        trackside_bytes path = hit_text(hit, TRACKSIDE_FIELD_PATH);
        CHECK(path.length < PATH);
        CHECK_INT(pthread_mutex_lock(&self->lock), 0);
        CHECK(self->taken < ROOM);
        memcpy(self->paths[self->taken], path.data, path.length);
        self->paths[self->taken][path.length] = 0;
        self->taken++;
        CHECK_INT(pthread_mutex_unlock(&self->lock), 0);
    }
}

static inline void receiver_take(receiver *self, const trackside_batch *batch)
{
    receiver_take_leading(self, batch, trackside_batch_count(batch));
}

static inline trackside_outcome receiver_deliver(void *userdata, trackside_batch *batch)
{
    receiver *self = userdata;
    CHECK(trackside_batch_count(batch) > 0);
    CHECK_INT(counter_get(&self->freed), 0);
    CHECK_INT(pthread_mutex_lock(&self->lock), 0);
    CHECK(self->calls < ROOM);
    self->sizes[self->calls++] = trackside_batch_count(batch);
    CHECK_INT(pthread_mutex_unlock(&self->lock), 0);
    if (self->answer != NULL) {
        return self->answer(self, batch);
    }
    receiver_take(self, batch);
    return TRACKSIDE_OUTCOME_DELIVERED;
}

static inline void receiver_free(void *userdata)
{
    receiver *self = userdata;
    counter_add(&self->freed, 1);
}

static inline trackside_sink sink_of(receiver *self)
{
    trackside_sink sink = TRACKSIDE_SINK_INIT;
    sink.userdata = self;
    sink.deliver = receiver_deliver;
    sink.free = receiver_free;
    return sink;
}

/* A tracker whose destination "mine" delivers to this receiver. */
static inline trackside_tracker *open_receiver(const char *toml, receiver *receiver)
{
    trackside_sink sink = sink_of(receiver);
    return open_sink(toml, "mine", &sink);
}

static inline unsigned receiver_calls(receiver *self)
{
    CHECK_INT(pthread_mutex_lock(&self->lock), 0);
    unsigned calls = self->calls;
    CHECK_INT(pthread_mutex_unlock(&self->lock), 0);
    return calls;
}

/* The last who used it has let go of it, perhaps a moment after `close` returned; nobody does so again. */
static inline void receiver_is_let_go(receiver *self)
{
    counter_wait(&self->freed, 1);
    CHECK_INT(counter_get(&self->freed), 1);
}

/* Pages "/first" to the one before "/last". */
static inline void visit_each(const trackside_tracker *tracker, unsigned first, unsigned last)
{
    for (unsigned n = first; n < last; n++) {
        char target[20];
        snprintf(target, sizeof target, "/%u", n);
        CHECK_INT(visit(tracker, target), 0);
    }
}

#endif
