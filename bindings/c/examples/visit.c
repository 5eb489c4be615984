#define _POSIX_C_SOURCE 200809L

#include "visit.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Filled by MHD, which says before how many there are. */
struct headers {
    trackside_header *list;
    size_t count, capacity;
};

static struct headers room_for(int count)
{
    const size_t capacity = count > 0 ? (size_t)count : 0;
    struct headers headers = { calloc(capacity + 1, sizeof(trackside_header)), 0, capacity };
    if (headers.list == NULL)
        headers.capacity = 0;
    return headers;
}

static enum MHD_Result add_of_request(void *closure, enum MHD_ValueKind kind, const char *name, size_t name_length,
                                      const char *value, size_t value_length)
{
    (void)kind;
    struct headers *headers = closure;
    if (headers->count == headers->capacity)
        return MHD_NO;
    headers->list[headers->count++] = (trackside_header){ { name, name_length }, { value, value_length } };
    return MHD_YES;
}

static enum MHD_Result add_of_response(void *closure, enum MHD_ValueKind kind, const char *name, const char *value)
{
    return add_of_request(closure, kind, name, strlen(name), value, strlen(value));
}

void *visit_open(void *closure, const char *target, struct MHD_Connection *connection)
{
    (void)closure;
    (void)connection;
    struct visit *visit = calloc(1, sizeof *visit);
    if (visit != NULL)
        visit->target = strdup(target);
    return visit;
}

void visit_close(void *closure, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode code)
{
    (void)closure;
    (void)connection;
    (void)code;
    struct visit *visit = *context;
    if (visit == NULL)
        return;
    trackside_answer_free(visit->answer);
    trackside_exchange_free(visit->exchange); /* if it is unfinished the client has left: abandoned */
    free(visit->target);
    free(visit);
}

void visit_begin(struct visit *visit, const trackside_tracker *tracker, struct MHD_Connection *connection,
                 const char *method)
{
    visit->begun = true;
    if (visit->target == NULL)
        return;
    struct headers headers = room_for(MHD_get_connection_values_n(connection, MHD_HEADER_KIND, NULL, NULL));
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, add_of_request, &headers);

    char peer[INET6_ADDRSTRLEN] = ""; /* stays empty for a client on a Unix socket */
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *client = info != NULL ? info->client_addr : NULL;
    if (client != NULL && client->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)client)->sin_addr, peer, sizeof peer);
    if (client != NULL && client->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)client)->sin6_addr, peer, sizeof peer);

    trackside_request request = TRACKSIDE_REQUEST_INIT;
    request.method = trackside_text(method);
    request.target = trackside_text(visit->target);
    request.peer = trackside_text(peer);
    request.headers = headers.list;
    request.header_count = headers.count;
    request.secure = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_PROTOCOL) != NULL; /* TLS of MHD's own */
    if (trackside_tracker_answer(tracker, &request, &visit->answer, NULL) != TRACKSIDE_OK)
        trackside_exchange_begin(tracker, &request, &visit->exchange, NULL);
    free(headers.list); /* what `finish` needs of them is copied */
}

enum MHD_Result visit_answer(const struct visit *visit, struct MHD_Connection *connection)
{
    const trackside_bytes body = trackside_answer_body(visit->answer);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body.length, (void *)body.data, MHD_RESPMEM_MUST_COPY);
    const trackside_header *headers = NULL;
    size_t count = 0;
    trackside_answer_headers(visit->answer, &headers, &count, NULL);
    for (size_t i = 0; i < count; i++)
        MHD_add_response_header(response, headers[i].name.data, headers[i].value.data);
    const enum MHD_Result queued =
        MHD_queue_response(connection, trackside_answer_status(visit->answer), response);
    MHD_destroy_response(response);
    return queued;
}

void visit_finish(struct visit *visit, unsigned status, struct MHD_Response *response)
{
    struct headers headers = room_for(MHD_get_response_headers(response, NULL, NULL));
    MHD_get_response_headers(response, add_of_response, &headers);
    trackside_response head = TRACKSIDE_RESPONSE_INIT;
    head.status = (uint16_t)status;
    head.headers = headers.list;
    head.header_count = headers.count;
    trackside_exchange_finish(visit->exchange, &head, NULL);
    free(headers.list);

    const trackside_header *more = NULL;
    size_t count = 0;
    trackside_exchange_headers(visit->exchange, &more, &count, NULL);
    for (size_t i = 0; i < count; i++)
        MHD_add_response_header(response, more[i].name.data, more[i].value.data);
}
