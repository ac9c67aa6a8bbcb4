package ec2

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// part is one entry of a list that EC2 keeps, a network ACL or a route table; nil where there is none.
type part[V any] struct {
	Entry *V `json:"entry"`
}

// partKind is a kind of such lists.
type partKind[V any] struct {
	noun           string // in the names of its operations, after Create, Replace and Delete
	prefix         string // of the lists' ids
	member         string // of records and inputs, that has the list's id
	words          string // for people
	cloudFormation string
	resource       string // type in ARNs

	// request reads which entry a record's request is about, and what it makes of it.
	request func(raw json.RawMessage) (key string, entry V, err error)
	// describe reads a list: its tags, and the entry with a key.
	describe func(ctx context.Context, cfg aws.Config, id string) ([]types.Tag, func(key string) *V, error)
	// same reports whether the entry is what a record says.
	same func(now, recorded V) bool
	// exact reports whether an entry can be made again from what a record says.
	exact func(recorded V) bool
	// name is the input that names an entry, without the list; input makes it what it is to be.
	name  func(key string) map[string]any
	input func(entry V) map[string]any
}

// partEvent is what a record tells of a change of an entry.
type partEvent[V any] struct {
	verb    string // Create, Replace or Delete
	list    string
	key     string
	left    *V // what the call left; nil: no entry
	refused bool
	id      string
	at      time.Time // zero where the record doesn't tell
}

// partParams are the parameters, with what was found out beside them.
type partParams[V any] struct {
	Event  json.RawMessage `json:"event"`
	Before *part[V]        `json:"before,omitempty"` // what was there before the event; nil: not known
}

func (k partKind[V]) parse(raw json.RawMessage) (partEvent[V], error) {
	var record struct {
		ID      string                     `json:"eventID"`
		Name    string                     `json:"eventName"`
		Time    time.Time                  `json:"eventTime"`
		Error   string                     `json:"errorCode"`
		Request map[string]json.RawMessage `json:"requestParameters"`
	}
	e := partEvent[V]{}
	wrong := func(format string, args ...any) (partEvent[V], error) {
		return e, fault.New(fault.Invalid, "the event "+format, args...).
			WithHint(awscall.EventHint)
	}
	if err := json.Unmarshal(raw, &record); err != nil {
		return wrong("is not a CloudTrail record: %v", err)
	}
	verb, ok := strings.CutSuffix(record.Name, k.noun)
	if !ok || verb != "Create" && verb != "Replace" && verb != "Delete" {
		return wrong("is of %.100q, which is none of Create%s, Replace%[2]s and Delete%[2]s", record.Name, k.noun)
	}
	e = partEvent[V]{verb: verb, refused: record.Error != "", id: record.ID, at: record.Time}
	if err := json.Unmarshal(record.Request[k.member], &e.list); err != nil || !idPattern(k.prefix).MatchString(e.list) {
		return wrong("names no %s by its id (%s-…)", k.words, k.prefix)
	}
	request, err := json.Marshal(record.Request)
	if err != nil {
		return wrong("can't be read: %v", err)
	}
	key, entry, err := k.request(request)
	if err != nil {
		return wrong("of %s %v", record.Name, err)
	}
	if e.key = key; verb != "Delete" {
		e.left = &entry
	}
	return e, nil
}

// want says what the entry is to be.
func (k partKind[V]) want(p partParams[V], now part[V]) (part[V], string, error) {
	e, err := k.parse(p.Event)
	if err != nil {
		return now, "", err
	}
	as := func(recorded *V) bool {
		return recorded == nil && now.Entry == nil || recorded != nil && now.Entry != nil && k.same(*now.Entry, *recorded)
	}
	switch {
	case e.refused:
		return now, "The event's call changed nothing.", nil
	case p.Before != nil && as(p.Before.Entry):
		return now, "It is as it was before the event already.", nil
	case !as(e.left):
		return now, "", setting.Escalation("Somebody changed it since the event. Look at who did, and set it by hand.")
	case p.Before == nil:
		return now, "", setting.Escalation("The event doesn't tell what it was before, and CloudTrail's history has no event that does. Look it up " +
			"in the history of AWS Config or in the template that made it, and set it by hand.")
	case p.Before.Entry == nil:
		return *p.Before, "The event's call made it.", nil
	}
	return *p.Before, "The event's call changed it; what it was before is in an earlier event.", nil
}

// revertPart is the action that takes back what an event did to an entry.
type revertPart[V any] struct {
	action.Action // plans from partParams
	caller        *awscall.Caller
	kind          partKind[V]
}

func newRevertPart[V any](caller *awscall.Caller, spec action.Spec, k partKind[V]) action.Action {
	steps := func(r action.Resource, from, to part[V]) ([]setting.Step[part[V]], error) {
		id, key, _ := strings.Cut(r.Name, " ")
		verb, input := "Replace", k.name(key)
		input[strings.ToUpper(k.member[:1])+k.member[1:]] = id
		switch {
		case to.Entry == nil:
			verb = "Delete"
		case from.Entry == nil:
			verb = "Create"
		}
		if to.Entry != nil {
			for name, value := range k.input(*to.Entry) {
				input[name] = value
			}
		}
		return []setting.Step[part[V]]{{Operation: verb + k.noun, Input: input, Leaves: to}}, nil
	}
	inner := setting.New(caller, setting.Setting[partParams[V], part[V]]{
		Spec: spec,
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p partParams[V]) ([]action.Resource, error) {
			e, err := k.parse(p.Event)
			if err != nil {
				return nil, err
			}
			tags, _, err := k.describe(ctx, cfg, e.list)
			if err != nil {
				return nil, err
			}
			r := newResource(k.cloudFormation, k.resource, e.list, req.Account, req, tags)
			r.Name = e.list + " " + e.key
			return []action.Resource{r}, nil
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (part[V], error) {
			id, key, _ := strings.Cut(r.Name, " ")
			_, entry, err := k.describe(ctx, cfg, id)
			if err != nil {
				return part[V]{}, err
			}
			return part[V]{entry(key)}, nil
		},
		Want:       func(_ action.Resource, p partParams[V], now part[V]) (part[V], string, error) { return k.want(p, now) },
		Steps:      steps,
		Operations: partOperations,
	})
	return &revertPart[V]{inner, caller, k}
}

// Plan looks for what was there before where the event doesn't tell, and plans.
func (a *revertPart[V]) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	var p struct {
		Event json.RawMessage `json:"event"`
	}
	if err := req.Check(); err != nil {
		return nil, err
	}
	if err := action.DecodeParams(req.Params, &p); err != nil {
		return nil, err
	}
	e, err := a.kind.parse(p.Event)
	if err != nil {
		return nil, err
	}
	params := partParams[V]{Event: p.Event}
	switch {
	case e.verb == "Create":
		params.Before = &part[V]{}
	case !e.refused:
		if params.Before, err = a.history(ctx, req, e); err != nil {
			return nil, err
		}
	}
	if req.Params, err = json.Marshal(params); err != nil {
		return nil, fault.New(fault.Internal, "encode the parameters of %s: %w", a.Spec().Name, err)
	}
	return a.Action.Plan(ctx, req)
}

// errNoKey is of a request without what names the entry.
var errNoKey = errors.New("doesn't name its entry")
