// Package ticket has the actions on trackers: a ticket is opened, commented and closed, in Jira Cloud
// (https://developer.atlassian.com/cloud/jira/platform/rest/v3/) and ServiceNow
// (https://www.servicenow.com/docs/bundle/zurich-api-reference/page/integrate/inbound-rest/concept/c_TableAPI.html).
//
// Start at [Trackers]: those of the configuration, by name. A tracker is a [desk], which says the same in Jira's words and in
// ServiceNow's; the three actions know nothing of either. A ticket is known again by a label that is made of what asked for it, so
// that it is opened once.
package ticket

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"

	"riposte.dev/fault"
	"riposte.dev/notify"
	"riposte.dev/notify/outbound"
)

// Trackers are where tickets are kept, by name. It is safe for concurrent use.
type Trackers struct{ byName map[string]desk }

// Options are what trackers depend on.
type Options struct {
	Secret func(path string) (string, error)
	Now    func() time.Time
}

// New returns the trackers of the configuration, which [Check] has found to be right. It calls nothing; a ca_file that can't be read
// is fault.Invalid.
func New(configs map[string]Config, o Options) (*Trackers, error) {
	t := &Trackers{byName: map[string]desk{}}
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		config := configs[name].withDefaults()
		options := outbound.Options{AllowPrivate: config.AllowPrivate}
		if config.CAFile != "" {
			var err error
			if options.RootCAs, err = outbound.Roots(config.CAFile); err != nil {
				return nil, fault.New(fault.Invalid, "tracker %s: %s", name, fault.Message(err))
			}
		}
		c := &client{name: name, config: config, http: outbound.Client(options), secret: o.Secret, now: o.Now}
		if config.Kind == ServiceNow {
			t.byName[name] = &serviceNow{c}
		} else {
			t.byName[name] = &jira{c}
		}
	}
	return t, nil
}

// Names returns the names of the trackers, sorted.
func (t *Trackers) Names() []string {
	if t == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(t.byName))
}

// Probe asks the tracker whether it would take a ticket; it opens none.
func (t *Trackers) Probe(ctx context.Context, name string) error {
	desk, _, err := t.tracker(name)
	if err != nil {
		return err
	}
	return desk.probe(ctx)
}

// byDefault is the tracker that is meant where none is named and there are several.
const byDefault = "default"

// tracker returns the one of that name; "" is the only one, or the one named default.
func (t *Trackers) tracker(name string) (desk, string, error) {
	names := t.Names()
	if name == "" && len(names) == 1 {
		name = names[0]
	}
	if name == "" {
		name = byDefault
	}
	if slices.Contains(names, name) {
		return t.byName[name], name, nil
	}
	if len(names) == 0 {
		return nil, "", fault.New(fault.NotFound, "no tracker is configured").WithHint("name one under tickets in riposte.yaml: docs/reference/configuration.md has an example")
	}
	return nil, "", fault.New(fault.NotFound, "there is no tracker %q", name).WithHint("the configuration has: %s", strings.Join(names, ", "))
}

// fields are what of a ticket says whether it is open, as the tracker names it.
type fields map[string]string

// found is a ticket.
type found struct {
	key    string // SEC-7, INC0010042
	id     string // in the API's paths
	url    string // for people
	state  fields
	name   string // of the state, for people
	fresh  bool   // nobody has moved it on since it was opened
	closed bool
}

// draft is what a new ticket says.
type draft struct {
	label, title, text, severity string
}

// desk is a tracker's software.
type desk interface {
	// find returns the ticket with the label, nil where there is none.
	find(ctx context.Context, label string) (*found, error)
	// get returns the ticket; fault.NotFound where there is none, fault.Invalid for what is no key of a ticket here.
	get(ctx context.Context, key string) (*found, error)
	opening(d draft) (request, error)
	// opened reads the answer to opening.
	opened(answer []byte) (key, url string)
	// said reports whether a comment has the mark.
	said(ctx context.Context, t *found, mark string) (bool, error)
	commenting(t *found, text string) (request, error)
	// closing returns the calls that close a ticket, and the state that they leave; left says why people have to.
	closing(ctx context.Context, t *found, text string) (calls []request, after fields, left string, err error)
	// reopening returns the calls that bring a closed ticket back into the state.
	reopening(ctx context.Context, t *found, to fields, text string) (calls []request, left string, err error)
	probe(ctx context.Context) error
	// base is how it is called.
	base() *client
}

// labelOf makes a label of what asks for a ticket: trackers take no spaces in it.
func labelOf(correlation string) string {
	sum := sha256.Sum256([]byte(correlation))
	return "riposte-" + hex.EncodeToString(sum[:10])
}

// clean is text as it may leave riposte, at most so many characters.
func clean(text string, most int) string {
	runes := []rune(strings.ToValidUTF8(notify.Redact(text), ""))
	runes = slices.DeleteFunc(runes, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f })
	if len(runes) > most {
		runes = append(runes[:most-1], '…')
	}
	return string(runes)
}

// line is clean on one line.
func line(text string, most int) string { return clean(strings.Join(strings.Fields(text), " "), most) }
