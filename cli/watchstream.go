package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"riposte.dev/fault"
	"riposte.dev/web"
)

const (
	// silence is how long a watch may say nothing, not even its heartbeat, before the connection counts as dead.
	silence = 45 * time.Second
	// A watch that has lost riposte asks again after firstRetry, then after twice as long, up to lastRetry.
	firstRetry = 250 * time.Millisecond
	lastRetry  = 10 * time.Second
)

// watchStream follows a watch across restarts of riposte.
type watchStream struct {
	connect func() (*Client, error) // again each time: the address and the token change with a restart
	from    url.Values              // where the watch begins
	now     func() time.Time
	say     func(text string)                     // how the watch itself is doing
	show    func(line web.Line, raw []byte) error // raw ends in a line feed
}

// run shows lines until ctx ends, which is no error. It fails at once where riposte can't be reached in the first place,
// and later where it refuses.
func (s *watchStream) run(ctx context.Context) error {
	seen := false // riposte, once
	wait := firstRetry
	for {
		began, err := s.follow(ctx, func(c *Client) {
			if wait = firstRetry; !seen {
				s.say("watching " + c.URL + " (Ctrl-C ends)")
			} else {
				s.say("riposte is back at " + c.URL)
			}
			seen = true
		})
		var stop *stopError
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // the end was asked for
		case errors.As(err, &stop):
			return stop.err
		case !seen || !began && !passing(err):
			return err
		case began:
			s.say("riposte is away (" + fault.Message(err) + "); waiting for it")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		wait = min(2*wait, lastRetry)
	}
}

// passing reports whether an error of connecting may pass by itself.
func passing(err error) bool {
	switch fault.CodeOf(err) {
	case fault.Unavailable, fault.Timeout, fault.Throttled:
		return true
	}
	return false
}

// stopError is an error of showing lines, after which there is no going on.
type stopError struct{ err error }

func (e *stopError) Error() string { return e.err.Error() }
func (e *stopError) Unwrap() error { return e.err }

// follow shows the lines of one connection until it breaks. began reports whether there was one.
func (s *watchStream) follow(ctx context.Context, connected func(*Client)) (began bool, err error) {
	c, err := s.connect()
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	alive := time.AfterFunc(silence, cancel)
	defer alive.Stop()
	now := s.now()
	body, err := c.Open(ctx, http.MethodGet, "/api/v1/watch", s.from, nil)
	if err != nil {
		return false, err
	}
	defer body.Close()
	connected(c)
	if len(s.from) == 0 { // what happens until the first line is not lost when this connection breaks before it
		s.from = url.Values{"since": {now.UTC().Format(time.RFC3339Nano)}}
	}
	lines := bufio.NewReader(body)
	for {
		raw, err := lines.ReadBytes('\n')
		alive.Reset(silence)
		switch {
		case errors.Is(err, io.EOF):
			return true, errors.New("it ended the watch")
		case err != nil:
			return true, fmt.Errorf("the connection broke: %w", err)
		case len(bytes.TrimSpace(raw)) == 0:
			continue
		}
		var l web.Line
		if err := json.Unmarshal(raw, &l); err != nil {
			return true, &stopError{fmt.Errorf("reading the watch: %w", err)}
		}
		if err := s.show(l, raw); err != nil {
			return true, &stopError{err}
		}
		if l.ID != "" {
			s.from = url.Values{"after": {l.ID}}
		}
	}
}
