package sandbox

import (
	"encoding/json"
	"slices"
	"time"
)

// envelope is an EventBridge event
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html).
type envelope struct {
	Version    string          `json:"version"`
	ID         string          `json:"id"`
	DetailType string          `json:"detail-type"`
	Source     string          `json:"source"`
	Account    string          `json:"account"`
	Time       string          `json:"time"`
	Region     string          `json:"region"`
	Resources  []string        `json:"resources"`
	Detail     json.RawMessage `json:"detail"`
}

// storedEvent is a record as LookupEvents finds it.
type storedEvent struct {
	id, name, source, user, key string
	region                      string
	readOnly                    bool
	time, visible               time.Time
	resources                   []lookupResource
	record                      json.RawMessage
}

type lookupResource struct{ kind, name string }

// emit stores a record for LookupEvents and hands it to the event targets.
func (s *Sandbox) emit(c *call, r *eventRecord) {
	text, err := json.Marshal(r)
	if err != nil {
		s.opts.Logger.Error("record has no JSON form", "service", c.svc.name, "operation", c.op.name, "err", err)
		return
	}
	e := storedEvent{
		id: r.EventID, name: r.EventName, source: r.EventSource, key: r.UserIdentity.AccessKeyID, region: r.AWSRegion,
		readOnly: r.ReadOnly, time: c.time.UTC().Truncate(time.Second), visible: c.time.Add(s.opts.Delivery.LookupDelay),
		user: lookupUser(c.caller), resources: c.subjects, record: text,
	}
	log := s.events[r.RecipientAccountID]
	if log == nil {
		log = &ring[storedEvent]{max: s.opts.JournalSize}
		s.events[r.RecipientAccountID] = log
	}
	log.add(e)
	s.gather(c, r, text)
	s.publish(envelope{
		DetailType: "AWS API Call via CloudTrail", Source: "aws." + orElse(c.svc.source, c.svc.prefix), Account: r.RecipientAccountID,
		Time: r.EventTime, Region: r.AWSRegion, Detail: text,
	}, r.ReadOnly)
}

// lookupUser is the user name that LookupEvents shows and finds: a user's
// name, a role session's name, or "root".
func lookupUser(p *principal) string {
	switch {
	case p.kind == "Root":
		return "root"
	case p.session != nil && p.session.name != "":
		return p.session.name
	}
	return p.name
}

// deliver gives an event an id and hands it to every target that takes it, and
// to the default bus of its account and region. The lock is held.
func (s *Sandbox) deliver(e envelope) string { return s.publish(e, false) }

// publish does it for records of calls that only read, too: those reach the
// targets of Options when it asks for them, and rules that ask for them.
func (s *Sandbox) publish(e envelope, readOnly bool) string {
	id, text := s.stamp(e)
	if text == nil {
		return id
	}
	if !readOnly || s.opts.ReadOnlyEvents {
		copies := s.copies()
		for _, t := range s.targets {
			if len(t.accounts) > 0 && !slices.Contains(t.accounts, e.Account) {
				continue
			}
			for _, delay := range s.delays(copies) {
				t.put(text, delay)
			}
		}
	}
	if s.accounts[e.Account] != nil {
		bus := s.eventsOf(e.Account, e.Region).byName[defaultBus]
		s.toRules(bus, &arrived{text: text, ingested: s.opts.Clock.Now(), readOnly: readOnly})
	}
	return id
}

// stamp gives an event its id, and spells it; nil when it has no JSON form.
func (s *Sandbox) stamp(e envelope) (id string, text []byte) {
	e.Version, e.ID = "0", s.newUUID()
	if e.Resources == nil {
		e.Resources = []string{}
	}
	text, err := json.Marshal(e)
	if err != nil {
		s.opts.Logger.Error("event has no JSON form", "source", e.Source, "err", err)
		return e.ID, nil
	}
	return e.ID, text
}

// copies is how often the next event arrives.
func (s *Sandbox) copies() int {
	if p := s.opts.Delivery.Duplicates; p > 0 && s.opts.Rand.Float64() < p {
		return 2
	}
	return 1
}

// delays are drawn for each copy of an event.
func (s *Sandbox) delays(copies int) []time.Duration {
	out := make([]time.Duration, copies)
	for i := range out {
		out[i] = s.opts.Delivery.Min
		if spread := s.opts.Delivery.Max - out[i]; spread > 0 {
			out[i] += time.Duration(s.opts.Rand.Int64N(int64(spread)))
		}
	}
	return out
}

// Emit delivers an event as an AWS service would: detail is a JSON object. It
// returns the event's id.
func (a *Account) Emit(region, source, detailType string, resources []string, detail json.RawMessage) string {
	a.sb.mu.Lock()
	defer a.sb.mu.Unlock()
	return a.sb.deliver(envelope{
		DetailType: detailType, Source: source, Account: a.ID, Region: region, Resources: resources, Detail: detail,
		Time: a.sb.opts.Clock.Now().UTC().Format(time.RFC3339),
	})
}
