package notify

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"riposte.dev/fault"
)

// Route is a name under which rules reach people: `notify: [secops]`.
type Route struct {
	Name        string   `yaml:"name" json:"name" conf:"required"`
	Channels    []string `yaml:"channels" json:"channels" conf:"required"` // names of channels
	MinSeverity string   `yaml:"min_severity" json:"min_severity"`         // ASFF label; "": everything
	To          []string `yaml:"to" json:"to"`                             // mail addresses, for channels that write to people
}

// severities are the labels of ASFF from harmless to worst
// (https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Severity.html).
var severities = []string{"INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"}

// rank orders severities. A label that is none of them ranks highest, so that a typing mistake can't silence a message.
func rank(severity string) int {
	if i := slices.Index(severities, severity); i >= 0 {
		return i
	}
	return len(severities)
}

// route makes of each notice the deliveries that its routes ask for, and those to the owners that it names.
type route struct {
	routes   map[string]Route
	fallback string // route for a name that does not exist; "": none
	channels map[string]Channel
	order    []string        // names of channels as configured
	domains  map[string]bool // of owners that may be written to
	log      Log
	logger   *slog.Logger
	metrics  *metrics
	now      func() time.Time
}

// Exec routes the notices. The error is fault.NotFound for a route that does not exist while there is no default.
func (r *route) Exec(ctx context.Context, in []Delivery) ([]Delivery, error) {
	var out []Delivery
	for _, d := range in {
		fan := fan{notice: d}
		used, err := r.byRoutes(ctx, &fan)
		if err != nil {
			return nil, err
		}
		r.toOwners(ctx, &fan, used)
		if len(fan.notes) > 0 {
			about := Section{Title: "About this message"}
			for _, n := range fan.notes {
				about.Facts = append(about.Facts, Fact{Value: n})
			}
			for i := range fan.out {
				m := &fan.out[i].Message
				m.Sections = append(slices.Clip(m.Sections), about)
			}
		}
		out = append(out, fan.out...)
	}
	return out, nil
}

// fan collects the deliveries of one notice, each place once.
type fan struct {
	notice Delivery
	out    []Delivery
	notes  []string // for people: what was routed in another way than asked
}

func (f *fan) add(channel, to string) {
	id := deliveryID(f.notice.Message.ID, channel, strings.ToLower(to))
	if slices.ContainsFunc(f.out, func(d Delivery) bool { return d.ID == id }) {
		return
	}
	f.out = append(f.out, Delivery{ID: id, Channel: channel, To: to, Message: f.notice.Message})
}

// byRoutes adds what the routes ask for, and returns the channels for people among them.
func (r *route) byRoutes(ctx context.Context, f *fan) (used []string, err error) {
	names := f.notice.routes
	if len(names) == 0 {
		names = []string{r.fallback}
	}
	for _, name := range names {
		to, ok := r.routes[name]
		if !ok {
			if to, ok = r.routes[r.fallback]; !ok {
				return nil, fault.New(fault.NotFound, "message %s: there is no route %q", f.notice.Message.ID, name).
					WithHint("define it, or a default route; there are: %s", strings.Join(slices.Sorted(maps.Keys(r.routes)), ", "))
			}
			f.notes = append(f.notes, fmt.Sprintf("It was meant for the route %q, which does not exist, and came by %q instead.",
				clip(oneLine(name), maxLabel), r.fallback))
		}
		for _, channel := range to.Channels {
			if _, people := r.channels[channel].(Addressed); people && !slices.Contains(used, channel) {
				used = append(used, channel)
			}
		}
		if rank(f.notice.Message.Severity) < rank(cmp.Or(to.MinSeverity, severities[0])) {
			r.skip(ctx, f, Entry{Route: to.Name, Error: "below the route's severity of " + to.MinSeverity})
			continue
		}
		for _, channel := range to.Channels {
			if _, people := r.channels[channel].(Addressed); !people {
				f.add(channel, "")
				continue
			}
			for _, address := range to.To {
				f.add(channel, address)
			}
		}
	}
	return used, nil
}

// toOwners adds the addresses that the notice itself names, by the given channels or, where there are none, by every
// channel that writes to people. They come from tags, which anybody with tagging rights can set, so only addresses in
// the organisation's own domains are written to.
func (r *route) toOwners(ctx context.Context, f *fan, channels []string) {
	if len(channels) == 0 {
		for _, name := range r.order {
			if _, people := r.channels[name].(Addressed); people {
				channels = append(channels, name)
			}
		}
	}
	for _, to := range f.notice.Message.To {
		to = strings.TrimSpace(to)
		shown := clip(oneLine(to), maxLabel)
		domain := strings.ToLower(to[strings.LastIndexByte(to, '@')+1:])
		switch {
		case len(channels) == 0:
			f.notes = append(f.notes, fmt.Sprintf("The owner %s was not told: no mail channel is configured.", shown))
			r.skip(ctx, f, Entry{To: shown, Error: "no channel for mail addresses is configured"})
		case r.channels[channels[0]].(Addressed).CheckAddress(to) != nil:
			f.notes = append(f.notes, fmt.Sprintf("The owner %q was not told: that is no mail address.", shown))
			r.skip(ctx, f, Entry{To: shown, Error: "not a mail address"})
		case !r.domains[domain]:
			f.notes = append(f.notes, fmt.Sprintf(
				"The owner %s was not told: riposte may not write to that domain.", shown))
			r.skip(ctx, f, Entry{To: shown, Error: "riposte may not write to that domain"})
		default:
			for _, channel := range channels {
				f.add(channel, to)
			}
		}
	}
}

// skip records that somebody is not told, with the reason. A log that can't be written must not stop the message.
func (r *route) skip(ctx context.Context, f *fan, e Entry) {
	base := f.notice.entry(Skipped, r.now())
	base.Route, base.To, base.Error = e.Route, e.To, e.Error
	r.metrics.skipped.Inc()
	if err := r.log.Record(ctx, base); err != nil {
		r.logger.Warn("notification log not written", "message", base.Message, "err", err)
	}
}
