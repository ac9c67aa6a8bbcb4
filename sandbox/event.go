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
	if r.ReadOnly && !s.opts.ReadOnlyEvents {
		return
	}
	s.deliver(envelope{
		DetailType: "AWS API Call via CloudTrail", Source: "aws." + c.svc.prefix, Account: r.RecipientAccountID,
		Time: r.EventTime, Region: r.AWSRegion, Detail: text,
	})
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

// deliver gives an event an id and hands it to every target that takes it. The
// lock is held.
func (s *Sandbox) deliver(e envelope) string {
	e.Version, e.ID = "0", s.newUUID()
	if e.Resources == nil {
		e.Resources = []string{}
	}
	text, err := json.Marshal(e)
	if err != nil {
		s.opts.Logger.Error("event has no JSON form", "source", e.Source, "err", err)
		return e.ID
	}
	copies := 1
	if p := s.opts.Delivery.Duplicates; p > 0 && s.opts.Rand.Float64() < p {
		copies = 2
	}
	for _, t := range s.targets {
		if len(t.accounts) > 0 && !slices.Contains(t.accounts, e.Account) {
			continue
		}
		for range copies {
			delay := s.opts.Delivery.Min
			if spread := s.opts.Delivery.Max - delay; spread > 0 {
				delay += time.Duration(s.opts.Rand.Int64N(int64(spread)))
			}
			t.put(text, delay)
		}
	}
	return e.ID
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
