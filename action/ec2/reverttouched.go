package ec2

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"riposte.dev/action"
	"riposte.dev/fault"
)

// touched is the part of a group's state that one event touched: of the rules that it added or took away, those that are
// there. They have no ids, because a rule that is put back gets another.
type touched struct {
	Direction direction `json:"direction"`
	Rules     []rule    `json:"rules"`
}

// newTouched sorts the rules and takes their ids.
func newTouched(d direction, rules []rule) touched {
	t := touched{d, slices.Clone(rules)}
	for i := range t.Rules {
		t.Rules[i].ID = ""
	}
	slices.SortFunc(t.Rules, func(a, b rule) int { return cmp.Compare(a.String(), b.String()) })
	if t.Rules == nil {
		t.Rules = []rule{}
	}
	return t
}

func (t touched) json() (json.RawMessage, error) {
	raw, err := json.Marshal(t)
	if err != nil {
		return nil, fault.New(fault.Internal, "encode the rules of a group: %w", err)
	}
	return raw, nil
}

// touchedOf reads an item's states.
func touchedOf(item action.Item) (before, after touched, err error) {
	for _, part := range []struct {
		raw json.RawMessage
		t   *touched
	}{{item.Before, &before}, {item.After, &after}} {
		if err = json.Unmarshal(part.raw, part.t); err == nil && part.t.Direction != ingress && part.t.Direction != egress {
			err = fmt.Errorf("the direction is %.50q", part.t.Direction)
		}
		if err != nil {
			return before, after, fault.New(fault.Invalid, "the stored state of %s cannot be read: %w", item.ID, err)
		}
	}
	return before, after, nil
}

// and returns the rules of both, each once.
func (t touched) and(o touched) touched {
	all := slices.Clone(t.Rules)
	for _, r := range o.Rules {
		if _, there := find(all, r); !there {
			all = append(all, r)
		}
	}
	return newTouched(t.Direction, all)
}

// of returns those of the group's present rules that let in or out the same as one of t.
func (t touched) of(now []rule) touched {
	var present []rule
	for _, r := range t.Rules {
		if there, ok := find(now, r); ok {
			present = append(present, there)
		}
	}
	return newTouched(t.Direction, present)
}

// sameAs reports whether both have the same rules, descriptions and tags included.
func (t touched) sameAs(o touched) bool { return slices.EqualFunc(t.Rules, o.Rules, rule.equal) }
