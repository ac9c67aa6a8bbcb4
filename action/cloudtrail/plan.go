package cloudtrail

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// Plan looks at the trails and plans StartLogging for those that don't log. Of several trails, one whose status cannot be
// read becomes a Failed item and doesn't stop the others; where only one is asked for, that is Plan's error. Where all are
// asked for and there is none, the account is escalated.
func (a *StartLogging) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	p, err := parseParams(req)
	if err != nil {
		return nil, err
	}
	trails, err := a.find(ctx, req, p)
	if err != nil {
		return nil, err
	}
	items, errs := make([]action.Item, len(trails)), make([]error, len(trails))
	var all sync.WaitGroup
	for i, t := range trails {
		all.Go(func() { items[i], errs[i] = a.planTrail(ctx, req, t) })
	}
	all.Wait()
	if !p.All && errs[0] != nil {
		if fault.CodeOf(errs[0]) == fault.NotFound {
			gone := notFound(p.Trail, req.Account, trails[0].Region)
			gone.Err = errs[0]
			return nil, gone
		}
		return nil, errs[0]
	}
	if p.All && len(items) == 0 {
		items = append(items, noTrail(req))
	}
	return &action.Plan{Action: spec.Name, Account: req.Account, Region: req.Region, Items: items}, nil
}

// noTrail tells people of an account that has nothing to start.
func noTrail(req action.Request) action.Item {
	root := "arn:" + awscall.Partition(req.Region) + ":iam::" + req.Account + ":root"
	return action.Item{
		ID: root, Status: action.Escalated,
		Resource: action.Resource{Type: "AWS::::Account", ARN: root, Name: "account " + req.Account, Account: req.Account, Region: req.Region},
		Reason: "It has no trail in " + req.Region + ", so nothing that happens there is kept longer than the event history's 90 days. " +
			"Create a trail for all regions.",
	}
}

// planTrail plans for one trail. With an error the item is Failed.
func (a *StartLogging) planTrail(ctx context.Context, req action.Request, t trail) (action.Item, error) {
	item := action.Item{ID: t.ARN, Resource: resource(t, req.Account)}
	status, err := a.status(ctx, req.Account, t.Region, t.ARN)
	foreign := t.Owner != req.Account
	switch {
	case err != nil && foreign && fault.CodeOf(err) == fault.Denied:
		item.Status = action.Escalated
		item.Reason = fmt.Sprintf("It is a trail of the organisation, owned by account %s, and account %s may not see whether it logs. "+
			"Look at it from the management account, and start it there.", t.Owner, req.Account)
		return item, nil
	case err != nil:
		item.Status, item.Error = action.Failed, err.Error()
		item.Reason = "Whether it logs could not be read."
		return item, err
	case status.Logging:
		item.Status, item.Reason = action.Unneeded, "It logs already."
		item.Before, item.After = status.json(), status.json()
		return item, nil
	case foreign:
		item.Status = action.Escalated
		item.Reason = fmt.Sprintf("It does not log%s. It is a trail of the organisation, which a member account may not start: "+
			"start it from account %s.", since(status.stopped), t.Owner)
		item.Before = status.json()
		return item, nil
	}
	item.Status, item.Reason = action.Change, fmt.Sprintf("It does not log%s.", since(status.stopped))
	item.Before, item.After = state{false}.json(), state{true}.json()
	item.Calls = []action.Call{call("StartLogging", t.ARN, req.Account, t.Region)}
	return item, nil
}

// Undo plans to stop the trail again. Where it was stopped meanwhile it is as before, so nothing is needed; where it is
// gone, that is a conflict.
func (a *StartLogging) Undo(ctx context.Context, applied action.Item) (*action.Plan, error) {
	r := applied.Resource
	undo := action.Item{ID: applied.ID, Resource: r, Before: applied.After, After: applied.Before}
	status, err := a.status(ctx, r.Account, r.Region, r.ARN)
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		undo.Status, undo.Before, undo.After = action.Conflict, nil, nil
		undo.Reason = "It was deleted since, so there is nothing to stop."
	case err != nil:
		return nil, err
	case action.SameState(status.json(), applied.Before):
		undo.Status, undo.Before = action.Unneeded, status.json()
		undo.Reason = "It is already as it was before."
	case !action.SameState(status.json(), applied.After):
		undo.Status, undo.Before, undo.After = action.Conflict, status.json(), nil
		undo.Reason = "It is neither as it was before nor as riposte left it."
	default:
		undo.Status, undo.Reason = action.Change, "It was not logging before."
		undo.Calls = []action.Call{call("StopLogging", r.ARN, r.Account, r.Region)}
	}
	return &action.Plan{Action: spec.Name, Account: r.Account, Region: r.Region, Items: []action.Item{undo}}, nil
}

func resource(t trail, account string) action.Resource {
	return action.Resource{Type: "AWS::CloudTrail::Trail", ARN: t.ARN, Name: t.Name, Account: account, Region: t.Region}
}

func call(operation, arn, account, region string) action.Call {
	input, err := json.Marshal(map[string]string{"Name": arn})
	if err != nil {
		panic("cloudtrail: a map of strings is not JSON: " + err.Error())
	}
	return action.Call{Service: "cloudtrail", Operation: operation, Account: account, Region: region, Input: input}
}

// since says when a trail was stopped, as a part of a sentence.
func since(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " since " + t.UTC().Format(time.RFC3339)
}
