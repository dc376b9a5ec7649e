/* screen: terminal detection, colours, and the transcript kept beside what is shown. */
#include "screen.h"

#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int width_of(int descriptor) {
  struct winsize size;
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
    return size.ws_col;
  const char *columns = getenv("COLUMNS");
  int wanted = columns ? atoi(columns) : 0;
  return wanted >= 20 ? wanted : 80;
}

/* The conventions of no-color.org: an empty NO_COLOR counts as unset. */
static int wants_color(int is_terminal) {
  const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
  if (no_color && *no_color)
    return 0;
  return is_terminal && term && strcmp(term, "dumb") != 0;
}

int screen_open(screen *s, FILE *stream, color_choice color, int quiet) {
  memset(s, 0, sizeof *s);
  s->stream = stream;
  s->quiet = quiet;
  s->is_terminal = isatty(fileno(stream));
  s->columns = s->is_terminal ? width_of(fileno(stream)) : 80;
  s->color = color == COLOR_ALWAYS || (color == COLOR_AUTO && wants_color(s->is_terminal));
  s->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  s->transcript = open_memstream(&s->transcript_text, &s->transcript_length);
  return s->transcript ? 0 : -1;
}

void screen_close(screen *s) {
  if (s->transcript)
    fclose(s->transcript);
  s->transcript = NULL;
  free(s->transcript_text);
  s->transcript_text = NULL;
}

void say(screen *s, const char *format, ...) {
  va_list arguments;
  if (!s->quiet) {
    va_start(arguments, format);
    vfprintf(s->stream, format, arguments);
    va_end(arguments);
  }
  va_start(arguments, format);
  vfprintf(s->transcript, format, arguments);
  va_end(arguments);
}

void say_heading(screen *s, const char *text) {
  say(s, "\n");
  color_begin(s, "1");
  say(s, "%s", text);
  color_end(s);
  say(s, "\n");
  for (int i = 0; i < 70; i++)
    say(s, "=");
  say(s, "\n");
}

void color_begin(screen *s, const char *sgr) {
  if (s->color && !s->quiet)
    fprintf(s->stream, "\x1b[%sm", sgr);
}

void color_end(screen *s) { color_begin(s, "0"); }

static void write_stream(void *user, const char *text, size_t length) {
  screen *s = user;
  if (!s->quiet) {
    fwrite(text, 1, length, s->stream);
    fflush(s->stream);
  }
}

static void write_both(void *user, const char *text, size_t length) {
  screen *s = user;
  write_stream(s, text, length);
  fwrite(text, 1, length, s->transcript);
}

cnn_sink screen_sink(screen *s) {
  return (cnn_sink){.size = sizeof(cnn_sink),
                    .user = s,
                    .write = write_stream,
                    .is_terminal = s->is_terminal,
                    .columns = s->columns,
                    .ascii = !s->utf8};
}

cnn_sink screen_copying_sink(screen *s) {
  cnn_sink sink = screen_sink(s);
  sink.write = write_both;
  sink.is_terminal = 0;
  return sink;
}
