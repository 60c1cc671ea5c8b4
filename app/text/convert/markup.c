#include "app/text/convert/markup.h"

#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "app/text/convert/converted.h"
#include "compute/error.h"

const char *const markup_library = "libxml2 " LIBXML_DOTTED_VERSION;

struct walk {
    xmlParserCtxtPtr parser; /* owned */
    const struct markup_handler *handler;
    const struct convert_budget *budget;
    struct error *e;
    bool failed;
    unsigned events;
    xmlEntity entity; /* the one asked for last, with its character */
    xmlChar character[8];
};

static const char *local(const xmlChar *name)
{
    const char *colon = strchr((const char *)name, ':');
    return colon ? colon + 1 : (const char *)name;
}

/* After a failure the parser stops; it may call once more until it does. */
static bool goes_on(struct walk *w, int result)
{
    if (w->failed) return false;
    if (result == 0 && (++w->events & 1023) == 0) result = converted_check(w->budget, w->e);
    if (result == 0) return true;
    w->failed = true;
    xmlStopParser(w->parser);
    return false;
}

static void on_open(void *context, const xmlChar *name, const xmlChar **attributes)
{
    struct walk *w = context;
    if (goes_on(w, 0))
        goes_on(w, w->handler->open(w->handler->context, local(name), (const char *const *)attributes, w->e));
}

static void on_close(void *context, const xmlChar *name)
{
    struct walk *w = context;
    if (goes_on(w, 0) && w->handler->close) goes_on(w, w->handler->close(w->handler->context, local(name), w->e));
}

static void on_text(void *context, const xmlChar *text, int size)
{
    struct walk *w = context;
    if (size > 0 && w->handler->text && goes_on(w, 0))
        goes_on(w, w->handler->text(w->handler->context, (const char *)text, (size_t)size, w->e));
}

/* HTML's named characters are known in every file. Entities that a file declares are not (they show as U+FFFD): a few
 * of them, each made of the one before, would be gigabytes. */
static xmlEntityPtr on_entity(void *context, const xmlChar *name)
{
    struct walk *w = context;
    xmlEntityPtr predefined = xmlGetPredefinedEntity(name);
    const htmlEntityDesc *known = predefined ? NULL : htmlEntityLookup(name);
    if (predefined) return predefined;
    w->character[xmlCopyChar(0, w->character, known ? (int)known->value : 0xFFFD)] = '\0';
    w->entity = (xmlEntity){.type = XML_ENTITY_DECL,
                            .name = BAD_CAST "character",
                            .etype = XML_INTERNAL_PREDEFINED_ENTITY,
                            .content = w->character,
                            .orig = w->character,
                            .length = (int)strlen((const char *)w->character)};
    return &w->entity;
}

/* Without memory the library marks its end, and loops of HTML that skip to a sign then skip for ever: taking its text
 * away ends them. */
static void on_error(void *context, xmlErrorPtr error)
{
    struct walk *w = context;
    if (error->code == XML_ERR_NO_MEMORY) goes_on(w, error_memory(w->e));
}

/* Where it has no parser to tell it to, the library would write onto the terminal. */
static void say_nothing(void *context, const char *format, ...)
{
    (void)context;
    (void)format;
}

static xmlSAXHandler sax_handler(void)
{
    return (xmlSAXHandler){
        .startElement = on_open,
        .endElement = on_close,
        .characters = on_text,
        .ignorableWhitespace = on_text,
        .cdataBlock = on_text,
        .getEntity = on_entity,
        .serror = on_error,
        .initialized = 1,
    };
}

static enum markup_result end_walk(struct walk *w, bool well_formed)
{
    const xmlError *said = xmlCtxtGetLastError(w->parser);
    if (!w->failed && !well_formed)
        error_set(w->e, "broken markup%s%.*s", said && said->message ? ": " : "",
                  said && said->message ? (int)strcspn(said->message, "\n") : 0,
                  said && said->message ? said->message : "");
    return w->failed ? MARKUP_FAILED : well_formed ? MARKUP_OK : MARKUP_BROKEN;
}

enum markup_result markup_xml(const uint8_t *bytes, size_t size, const struct markup_handler *h,
                              const struct convert_budget *b, struct error *e)
{
    xmlSetGenericErrorFunc(NULL, say_nothing);
    struct walk w = {.parser = xmlNewParserCtxt(), .handler = h, .budget = b, .e = e};
    if (size > INT_MAX || !w.parser) {
        xmlFreeParserCtxt(w.parser);
        w.parser ? error_set(e, "more than 2 GB of XML") : error_memory(e);
        return MARKUP_FAILED;
    }
    *w.parser->sax = sax_handler();
    w.parser->userData = &w;
    xmlFreeDoc(xmlCtxtReadMemory(w.parser, (const char *)bytes, (int)size, NULL, NULL, XML_PARSE_NONET));
    enum markup_result result = end_walk(&w, w.parser->wellFormed);
    xmlFreeParserCtxt(w.parser);
    return result;
}

enum markup_result markup_html(const uint8_t *bytes, size_t size, const char *encoding, const struct markup_handler *h,
                               const struct convert_budget *b, struct error *e)
{
    xmlSetGenericErrorFunc(NULL, say_nothing);
    struct walk w = {.parser = htmlNewParserCtxt(), .handler = h, .budget = b, .e = e};
    if (size > INT_MAX || !w.parser) {
        htmlFreeParserCtxt(w.parser);
        w.parser ? error_set(e, "more than 2 GB of HTML") : error_memory(e);
        return MARKUP_FAILED;
    }
    *w.parser->sax = sax_handler();
    w.parser->sax->initialized = XML_SAX2_MAGIC; /* else on_error is not asked; XML would be read by other handlers */
    w.parser->userData = &w;
    xmlFreeDoc(htmlCtxtReadMemory(w.parser, (const char *)bytes, (int)size, NULL, encoding,
                                  HTML_PARSE_RECOVER | HTML_PARSE_NONET));
    enum markup_result result = end_walk(&w, true);
    htmlFreeParserCtxt(w.parser);
    return result;
}

const char *markup_attribute(const char *const *attributes, const char *name)
{
    for (; attributes && attributes[0]; attributes += 2) {
        const char *colon = strchr(attributes[0], ':');
        if (strcmp(attributes[0], name) == 0 || (colon && strcmp(colon + 1, name) == 0)) return attributes[1];
    }
    return NULL;
}
