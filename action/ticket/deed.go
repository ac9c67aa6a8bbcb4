package ticket

import (
	"context"
	"encoding/json"
	"strings"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// deed is what the actions share: how a ticket is named to the guard, looked at, and changed.
type deed struct {
	trackers *Trackers
	spec     action.Spec
}

// Spec describes the action.
func (a deed) Spec() action.Spec { return a.spec }

// state is the part of a ticket's state that an action is about; a member that it isn't about is absent.
type state struct {
	There  *bool  `json:"there,omitempty"`   // whether there is a ticket with the label
	Mark   string `json:"comment,omitempty"` // what a comment is known by
	Said   *bool  `json:"said,omitempty"`    // whether there is one with the mark
	Fields fields `json:"fields,omitempty"`
}

func is(yes bool) *bool { return &yes }

const (
	arnPrefix    = "arn:riposte:ticket:::"
	resourceType = "Riposte::Ticket"
)

// resource names a ticket, by its key or, before it has one, by its label.
func resource(req action.Request, tracker, name string) action.Resource {
	return action.Resource{Type: resourceType, ARN: arnPrefix + tracker + "/" + name, Name: name, Account: req.Account, Region: req.Region}
}

// at returns the tracker and the key or label that the resource names.
func (a deed) at(r action.Resource) (desk, string, error) {
	tracker, name, ok := strings.Cut(strings.TrimPrefix(r.ARN, arnPrefix), "/")
	if !ok || !strings.HasPrefix(r.ARN, arnPrefix) {
		return nil, "", fault.New(fault.Invalid, "%s is no ticket", r.ARN)
	}
	d, _, err := a.trackers.tracker(tracker)
	return d, name, err
}

// ticket looks at what the resource names; nil where a label has none.
func (a deed) ticket(ctx context.Context, r action.Resource) (desk, *found, error) {
	d, name, err := a.at(r)
	if err != nil {
		return nil, nil, err
	}
	if strings.HasPrefix(name, "riposte-") {
		t, err := d.find(ctx, name)
		return d, t, err
	}
	t, err := d.get(ctx, name)
	return d, t, err
}

// observe reads the members that like has.
func (a deed) observe(ctx context.Context, r action.Resource, like json.RawMessage) (state, error) {
	var now state
	if err := json.Unmarshal(like, &now); err != nil {
		return now, fault.New(fault.Invalid, "the stored state of %s can't be read: %w", r.ARN, err)
	}
	d, t, err := a.ticket(ctx, r)
	if err != nil {
		return now, err
	}
	if now.There != nil {
		now.There = is(t != nil)
	}
	if now.Fields != nil {
		if t == nil {
			return now, fault.New(fault.NotFound, "there is no ticket %s", r.Name)
		}
		now.Fields = t.state
	}
	if now.Said != nil {
		said, err := d.said(ctx, t, now.Mark)
		now.Said = is(said)
		return now, err
	}
	return now, nil
}

// Apply makes the calls. Where the ticket is no longer as the plan saw it: fault.Conflict, and nothing is done.
func (a deed) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	now, err := a.observe(ctx, item.Resource, item.Before)
	if err != nil {
		return nil, err
	}
	if !action.SameState(encode(now), item.Before) {
		return nil, fault.New(fault.Conflict, "%s was changed after the plan was made", item.Resource.Name).WithHint("look at the ticket, and make the plan again")
	}
	d, _, err := a.at(item.Resource)
	if err != nil {
		return nil, err
	}
	return action.ApplyCalls(ctx, item, func(ctx context.Context, call action.Call) error {
		r := request{Operation: call.Operation}
		if err := json.Unmarshal(call.Input, &r); err != nil || r.Tracker != d.base().name || call.Service != d.base().config.Kind {
			return fault.New(fault.Invalid, "the planned call %s:%s can't be read", call.Service, call.Operation).WithHint("make the plan again")
		}
		return d.base().send(ctx, r, call.Region, func(answer []byte) json.RawMessage {
			key, url := d.opened(answer)
			if key == "" {
				return nil
			}
			return encode(opened{key, url})
		})
	})
}

// opened is what a playbook gets of a new ticket.
type opened struct {
	Ticket string `json:"ticket"`
	URL    string `json:"url"`
}

// Verify looks whether the ticket is as planned.
func (a deed) Verify(ctx context.Context, item action.Item) error {
	now, err := a.observe(ctx, item.Resource, item.After)
	if err != nil {
		return err
	}
	if !action.SameState(encode(now), item.After) {
		return action.ErrNotYet
	}
	return nil
}

// plan is one of one item.
func (a deed) plan(item action.Item) *action.Plan {
	return &action.Plan{Action: a.spec.Name, Account: item.Resource.Account, Region: item.Resource.Region, Items: []action.Item{item}}
}

// change makes the item one that makes the calls.
func change(item *action.Item, d desk, calls []request, before, after state, why string) {
	item.Status, item.Reason, item.Before, item.After = action.Change, why, encode(before), encode(after)
	for _, r := range calls {
		item.Calls = append(item.Calls, action.Call{Service: d.base().config.Kind, Operation: r.Operation,
			Account: item.Resource.Account, Region: item.Resource.Region, Input: encode(r)})
	}
}

// begin checks the request and reads its parameters.
func begin(req action.Request, params any) error {
	if err := req.Check(); err != nil {
		return err
	}
	return action.DecodeParams(req.Params, params)
}

// target names the ticket of a comment or a closing: by its key, or by what asked for it.
type target struct {
	Tracker     string `json:"tracker"`
	Ticket      string `json:"ticket"`
	Correlation string `json:"correlation"`
}

const targetProperties = `
    "tracker": {"type": "string", "description": "name of the tracker in the configuration; default: the only one, or the one named default"},
    "ticket": {"type": "string", "description": "key or number of the ticket, such as SEC-7 or INC0010042; this or correlation"},
    "correlation": {"type": "string", "description": "what the ticket was opened with as its correlation"}`

// find returns the ticket.
func (p target) find(ctx context.Context, a deed, req action.Request) (desk, *found, action.Resource, error) {
	if (p.Ticket == "") == (p.Correlation == "") {
		return nil, nil, action.Resource{}, fault.New(fault.Invalid, "either ticket or correlation is required").WithHint(`give {"ticket": "SEC-7"}`)
	}
	d, tracker, err := a.trackers.tracker(p.Tracker)
	if err != nil {
		return nil, nil, action.Resource{}, err
	}
	var t *found
	if p.Ticket != "" {
		t, err = d.get(ctx, p.Ticket)
	} else if t, err = d.find(ctx, labelOf(p.Correlation)); err == nil && t == nil {
		err = fault.New(fault.NotFound, "%s has no ticket for %q", d.base().what(), p.Correlation).WithHint("open one first by ticket.create with the same correlation")
	}
	if err != nil {
		return nil, nil, action.Resource{}, err
	}
	return d, t, resource(req, tracker, t.key), nil
}

func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("ticket: what riposte writes itself is not JSON: " + err.Error()) // structs of texts
	}
	return raw
}
