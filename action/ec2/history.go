package ec2

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
)

// history returns what the entry was before the event, by the last earlier event that made it what it was; nil where
// CloudTrail, which looks back for 90 days, doesn't tell. Records have seconds: of two in one nobody can tell which was first.
func (a *revertPart[V]) history(ctx context.Context, req action.Request, e partEvent[V]) (*part[V], error) {
	if e.at.IsZero() || e.id == "" {
		return nil, nil
	}
	cfg, err := a.caller.Config(ctx, req.Account, req.Region)
	if err != nil {
		return nil, err
	}
	var found *partEvent[V]
	err = awscall.History(ctx, cfg, types.LookupAttributeKeyResourceName, e.list, e.at, func(record json.RawMessage) bool {
		earlier, err := a.kind.parse(record)
		switch {
		case err != nil || earlier.refused || earlier.list != e.list || earlier.key != e.key || earlier.id == e.id || earlier.at.After(e.at):
			return true
		case earlier.at.Equal(e.at), found != nil && earlier.at.Equal(found.at):
			found = nil
			return false
		case found != nil:
			return false
		}
		found = &earlier
		return true
	})
	if err != nil || found == nil {
		return nil, err
	}
	return found.before(a.kind), nil
}

// before is what the event left, where that can be made again.
func (e *partEvent[V]) before(k partKind[V]) *part[V] {
	if e.left == nil || !k.exact(*e.left) {
		return nil
	}
	return &part[V]{e.left}
}
