/* The site of the contract, on libmicrohttpd, by the files of `bindings/c/examples` that any server on it can take.
 *
 *     site CONFIGURATION.toml
 *
 * Each line that it reads makes it deliver what waits and print its books; the end of its input ends it. */

#include <stdio.h>
#include <string.h>

#include "listener.h"
#include "tracking.h"
#include "visit.h"

enum { MILLISECONDS = 5000 };

static const struct page {
    const char *path, *content_type;
    unsigned status;
} PAGES[] = {
    { "/", "text/html", MHD_HTTP_OK },
    { "/unchanged", NULL, MHD_HTTP_NOT_MODIFIED },
    { "/redirect", "text/html", MHD_HTTP_FOUND },
    { "/data", "application/json", MHD_HTTP_OK },
    { "/admin/", "text/html", MHD_HTTP_OK },
    { "/stream", "text/html", MHD_HTTP_OK },
    { "/said", "text/html", MHD_HTTP_OK },
    { "/notice", "text/html", MHD_HTTP_OK },
    { "/shop/items/7", "text/html", MHD_HTTP_OK },
    { "/refused", "text/html", MHD_HTTP_OK },
    { "/fails", "text/html", MHD_HTTP_INTERNAL_SERVER_ERROR },
};
static const struct page MISSING = { "", "text/html", MHD_HTTP_NOT_FOUND };

static const struct page *page_at(const char *path)
{
    for (size_t i = 0; i < sizeof PAGES / sizeof PAGES[0]; i++)
        if (strcmp(path, PAGES[i].path) == 0)
            return &PAGES[i];
    return &MISSING;
}

/* A piece of `/stream`, each time that MHD has sent the one before. */
static ssize_t stream_piece(void *closure, uint64_t position, char *buffer, size_t room)
{
    static const char WHOLE[] = "onetwothree";
    static const uint64_t ENDS[] = { 3, 6, 11 };
    (void)closure;
    for (size_t i = 0; i < sizeof ENDS / sizeof ENDS[0]; i++) {
        if (position >= ENDS[i])
            continue;
        const uint64_t left = ENDS[i] - position;
        const size_t length = left < room ? (size_t)left : room;
        memcpy(buffer, WHOLE + position, length);
        return (ssize_t)length;
    }
    return MHD_CONTENT_READER_END_OF_STREAM;
}

static void say(trackside_exchange *exchange)
{
    trackside_event event = TRACKSIDE_EVENT_INIT;
    event.name = trackside_text("add");
    trackside_exchange_set_title(exchange, trackside_text("Said"), NULL);
    trackside_exchange_set_user_id(exchange, trackside_text("u-42"), NULL);
    trackside_exchange_add_event(exchange, &event, NULL);
}

static struct MHD_Response *response_of(const struct page *page, trackside_exchange *exchange)
{
    if (strcmp(page->path, "/stream") == 0)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 64, stream_piece, NULL, NULL);
    trackside_bytes text = { "", 0 }; /* stays empty where no notice is due */
    if (strcmp(page->path, "/notice") == 0)
        trackside_exchange_notice(exchange, &text, NULL, NULL);
    if (strcmp(page->path, "/said") == 0)
        say(exchange);
    if (strcmp(page->path, "/refused") == 0)
        trackside_exchange_set_consent(exchange, TRACKSIDE_CHOICE_DENIED, TRACKSIDE_CHOICE_UNKNOWN, NULL);
    return MHD_create_response_from_buffer(text.length, (void *)text.data, MHD_RESPMEM_MUST_COPY);
}

static enum MHD_Result respond(struct visit *visit, struct MHD_Connection *connection, const struct page *page)
{
    struct MHD_Response *response = response_of(page, visit->exchange);
    if (page->content_type != NULL)
        MHD_add_response_header(response, "Content-Type", page->content_type);
    if (page->status == MHD_HTTP_FOUND)
        MHD_add_response_header(response, "Location", "/");
    visit_finish(visit, page->status, response);
    const enum MHD_Result queued = MHD_queue_response(connection, page->status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result on_request(void *tracker, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *body, size_t *body_size,
                                  void **context)
{
    (void)version;
    (void)body;
    struct visit *visit = *context;
    if (visit == NULL)
        return MHD_NO;
    if (!visit->begun) {
        visit_begin(visit, tracker, connection, method);
        return MHD_YES;
    }
    if (*body_size > 0) {
        *body_size = 0;
        /* MHD looks for its client while it reads: this one leaves with half of its body sent. */
        if (strcmp(path, "/waits") == 0)
            puts("waiting");
        return MHD_YES;
    }
    if (visit->answer != NULL)
        return visit_answer(visit, connection);
    if (strcmp(path, "/breaks") == 0)
        return MHD_NO; /* closes the connection */
    return respond(visit, connection, page_at(path));
}

int main(int count, char *arguments[])
{
    if (count != 2) {
        fprintf(stderr, "usage: site CONFIGURATION.toml\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    trackside_tracker *tracker = tracking_open(arguments[1], NULL);
    const int listener = listener_open(0);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, on_request, tracker,
        MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_URI_LOG_CALLBACK, visit_open, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, visit_close, NULL, MHD_OPTION_END);
    if (daemon == NULL)
        return 1;
    for (char line[16]; fgets(line, sizeof line, stdin) != NULL;)
        tracking_flush(tracker, MILLISECONDS);
    MHD_stop_daemon(daemon);
    tracking_close(tracker, MILLISECONDS);
    return 0;
}
