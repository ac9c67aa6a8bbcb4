package notify

import (
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"riposte.dev/fault"
)

// Config is what New needs. Channels, Queue and Log are required.
type Config struct {
	Channels []Channel
	Routes   []Route
	Default  string // route for names that no route has; "": such a notice is refused
	// OwnerDomains are the domains, beside those of the routes' own recipients, in which a resource's owner is written
	// to.
	OwnerDomains []string

	Queue Queue
	Log   Log

	Retry   Retry
	Timeout time.Duration // of an attempt; default 1 min
	Workers int           // attempts at a time, for each channel; default 4

	Logger     *slog.Logger          // default: discard
	Registerer prometheus.Registerer // default: no metrics
	Now        func() time.Time      // default: time.Now
	Random     func() float64        // in [0,1); default: math/rand
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	if c.Timeout <= 0 {
		c.Timeout = time.Minute
	}
	if c.Workers <= 0 {
		c.Workers = 4
	}
	c.Retry = c.Retry.withDefaults()
	return c
}

// channelName is also part of a queue's name.
var channelName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// IsChannelName reports whether a channel may have that name.
func IsChannelName(name string) bool { return channelName.MatchString(name) }

// IsSeverity reports whether a route may have that as its least severity.
func IsSeverity(name string) bool { return slices.Contains(severities, name) }

// check finds every mistake at once.
func (c Config) check() error {
	var wrong []string
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if c.Queue == nil || c.Log == nil {
		say("a queue and a log are required")
	}
	channels := map[string]Channel{}
	for _, ch := range c.Channels {
		if !IsChannelName(ch.Name()) {
			say("channel %q: a name has 1 to 40 lower-case letters, digits and dashes", ch.Name())
		}
		if channels[ch.Name()] != nil {
			say("channel %q is there twice", ch.Name())
		}
		channels[ch.Name()] = ch
	}
	routes := map[string]bool{}
	for _, rt := range c.Routes {
		if rt.Name == "" || routes[rt.Name] {
			say("route %q: every route needs a name of its own", rt.Name)
		}
		routes[rt.Name] = true
		rt.check(channels, say)
	}
	if c.Default != "" && !routes[c.Default] {
		say("default route %q is not defined", c.Default)
	}
	if len(wrong) == 0 {
		return nil
	}
	return fault.New(fault.Invalid, "notifications: %s", strings.Join(wrong, "; ")).
		WithHint("docs/guide/notifications.md has an example")
}

func (r Route) check(channels map[string]Channel, say func(format string, args ...any)) {
	if r.MinSeverity != "" && !IsSeverity(r.MinSeverity) {
		say("route %q: min_severity %q is none of %s", r.Name, r.MinSeverity, strings.Join(severities, ", "))
	}
	if len(r.Channels) == 0 {
		say("route %q has no channels", r.Name)
	}
	for _, name := range r.Channels {
		if _, ok := channels[name]; !ok {
			say("route %q: there is no channel %q, only: %s", r.Name, name, strings.Join(slices.Sorted(maps.Keys(channels)), ", "))
		}
	}
	r.CheckRecipients(channels, say)
}

// CheckRecipients says what is wrong with the addresses in To, as far as the channels can tell.
func (r Route) CheckRecipients(channels map[string]Channel, say func(format string, args ...any)) {
	var people Addressed
	for _, name := range r.Channels {
		if a, ok := channels[name].(Addressed); ok {
			people = a
		}
	}
	switch {
	case people == nil && len(r.To) > 0:
		say("route %q: \"to\" has addresses, but none of its channels writes to people", r.Name)
	case people != nil && len(r.To) == 0:
		say("route %q: channel %q needs addresses in \"to\"", r.Name, people.Name())
	case people != nil:
		for _, to := range r.To {
			if err := people.CheckAddress(to); err != nil {
				say("route %q: %s", r.Name, fault.Message(err))
			}
		}
	}
}
