package guard

import (
	"context"
	"fmt"
	"strings"

	"riposte.dev/action"
	"riposte.dev/event"
)

// Corroborator knows what CloudTrail itself recorded. Recorded returns the record of an event; nil where CloudTrail does not show
// one of that id in the account and region, which it may only after some minutes.
type Corroborator interface {
	Recorded(ctx context.Context, account, region, eventID string) (*event.Record, error)
}

// corroborate holds up changes for which nothing but the event speaks, until CloudTrail itself shows the event as it came to
// riposte: whoever may send events could make one up, or copy the id of a true one, to turn riposte against somebody. Where
// people approve, they are told what is not proved and answer for it. An event that is in no trail is never proved, so people
// are asked.
func (g *Guard) corroborate(ctx context.Context, d *draft) error {
	switch {
	case !d.changes():
		return nil
	case d.Undo:
		d.skip("What is taken back needs no proof.")
		return nil
	case d.Spec.Evidence != action.EventEvidence:
		d.skip("%s looks at the present state, not at the event alone.", d.Spec.Name)
		return nil
	case !d.mode.Bolder(DryRun):
		d.skip("In mode %s nothing is done that would need proof.", d.mode)
		return nil
	}
	var record *event.Record
	if d.Event != nil {
		record = d.Event.Record()
	}
	if record == nil || record.EventID == "" || g.witness == nil {
		return g.vouched(d, "nothing can corroborate that the event is true: it is no record of CloudTrail that riposte could look up")
	}
	found, err := g.witness.Recorded(ctx, record.Account(), record.AWSRegion, record.EventID)
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return g.unproved(d, fmt.Sprintf("CloudTrail could not be asked whether it recorded event %s: %v", record.EventID, err))
	case found == nil:
		return g.unproved(d, fmt.Sprintf("CloudTrail does not show event %s yet, so it may be made up", record.EventID))
	}
	if differs := difference(record, found); differs != "" {
		said := leave("The event is not true: CloudTrail recorded event %s with another %s. Find out who may send events to riposte.", record.EventID, differs)
		return d.each(func(*action.Item) (ruling, error) { return said, nil })
	}
	d.pass("CloudTrail recorded event %s as it came.", record.EventID)
	return nil
}

// changes reports whether anything is left to be changed.
func (d *draft) changes() bool {
	for _, item := range d.plan.Items {
		if item.Status == action.Change {
			return true
		}
	}
	return false
}

// vouched lets people decide about what can never be proved.
func (g *Guard) vouched(d *draft, why string) error {
	d.mode = Approve
	d.holdBack(strings.ToUpper(why[:1]) + why[1:] + ". Whoever approves answers for it.")
	return nil
}

// unproved lets people decide where they do anyhow; else what would be changed is held up for now.
func (g *Guard) unproved(d *draft, why string) error {
	if d.mode == Approve {
		return g.vouched(d, why)
	}
	d.notYet = why
	return d.each(func(*action.Item) (ruling, error) { return leave("%s.", why), nil })
}

// difference names the first part in which two records of one event differ, of those that say what was done by whom to what; ""
// where they agree.
func difference(a, b *event.Record) string {
	for _, part := range []struct {
		name string
		same bool
	}{
		{"eventID", a.EventID == b.EventID},
		{"eventSource", a.EventSource == b.EventSource},
		{"eventName", a.EventName == b.EventName},
		{"eventTime", a.EventTime.Equal(b.EventTime)},
		{"awsRegion", a.AWSRegion == b.AWSRegion},
		{"recipientAccountId", a.Account() == b.Account()},
		{"userIdentity", a.UserIdentity == b.UserIdentity},
		{"sourceIPAddress", a.SourceIPAddress == b.SourceIPAddress},
		{"errorCode", a.ErrorCode == b.ErrorCode},
		{"requestID", a.RequestID == b.RequestID},
		{"requestParameters", action.SameState(a.RequestParameters, b.RequestParameters)},
		{"responseElements", action.SameState(a.ResponseElements, b.ResponseElements)},
	} {
		if !part.same {
			return part.name
		}
	}
	return ""
}
