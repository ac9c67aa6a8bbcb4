package app

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"riposte.dev/action"
	"riposte.dev/event"
	"riposte.dev/fault"
	"riposte.dev/finding"
	"riposte.dev/integration"
	"riposte.dev/notify/outbound"
	"riposte.dev/playbook"
)

// Resources returns Step Functions' resources for those who only want to know them; they call nothing.
func Resources() playbook.Resources { return integration.New(integration.Options{}) }

// newResources are Step Functions' resources at work.
func (a *App) newResources() playbook.Resources {
	return integration.New(integration.Options{
		AWS: a.accounts.Config, Home: a.accounts.Home, HTTP: outbound.Client(outbound.Options{AllowPrivate: a.opts.Config.AllowPrivateTargets}),
		Authorize: func(ctx context.Context, connection string, req *http.Request, body []byte) ([]byte, error) {
			return a.endpoints.Authorize(ctx, connection, req, body)
		},
		Now: a.opts.Now,
	})
}

// specOf describes the action of a plan: one of riposte's, or a call of a playbook's own.
func (a *App) specOf(name string) (action.Spec, error) {
	if strings.Contains(name, ":") {
		r, err := a.resources.Resource("arn:aws:states:::" + name)
		if err != nil {
			return action.Spec{}, err
		}
		return r.Spec(), nil
	}
	does, err := a.actions.Action(name)
	if err != nil {
		return action.Spec{}, err
	}
	return does.Spec(), nil
}

// knowledge is what riposte:query asks.
type knowledge struct {
	findings   finding.Store
	executions playbook.Index
	accounts   func() []json.RawMessage
}

var _ playbook.Knowledge = knowledge{}

// Query implements playbook.Knowledge.
func (k knowledge) Query(ctx context.Context, q playbook.Query) ([]json.RawMessage, bool, error) {
	if err := fits(q); err != nil {
		return nil, false, err
	}
	switch q.From {
	case "findings":
		return k.queryFindings(ctx, q)
	case "executions":
		list, err := k.executions.List(ctx, playbook.Filter{Status: playbook.Status(q.Status), Rule: q.Rule, Playbook: q.Playbook, Account: q.Account,
			Cause: event.Cause(q.Cause), Resource: q.Resource, Since: q.Since, Until: q.Until, Limit: q.Limit})
		if err != nil {
			return nil, false, err
		}
		rows, err := rowsOf(list)
		return rows, len(list) == q.Limit, err
	default:
		all := k.accounts()
		return all[:min(len(all), q.Limit)], len(all) > q.Limit, nil
	}
}

func (k knowledge) queryFindings(ctx context.Context, q playbook.Query) ([]json.RawMessage, bool, error) {
	f := finding.Filter{Account: q.Account, Region: q.Region, Resource: q.Resource, Rule: q.Rule, Text: q.Principal, Since: q.Since, Until: q.Until, Limit: q.Limit}
	for _, label := range q.Severity {
		f.Severity = append(f.Severity, finding.Label(label))
	}
	for _, status := range q.Workflow {
		f.Workflow = append(f.Workflow, finding.WorkflowStatus(status))
	}
	page, err := k.findings.List(ctx, f)
	if err != nil {
		return nil, false, err
	}
	var list []finding.Finding
	for _, r := range page.Records {
		list = append(list, r.Finding)
	}
	rows, err := rowsOf(list)
	return rows, page.Next != "", err
}

// fits refuses filters that what is asked doesn't have: a query that filters less than its author meant leads to wrong decisions.
func fits(q playbook.Query) error {
	has := map[string][]string{
		"findings":   {"account", "region", "resource", "principal", "rule", "severity", "workflow", "since", "until"},
		"executions": {"account", "resource", "rule", "status", "playbook", "cause", "since", "until"},
		"accounts":   {},
	}
	filters, known := has[q.From]
	if !known {
		return fault.New(fault.Invalid, "riposte:query: from must be findings, executions or accounts, not %q", q.From)
	}
	for _, given := range []struct {
		name string
		set  bool
	}{{"account", q.Account != ""}, {"region", q.Region != ""}, {"resource", q.Resource != ""}, {"principal", q.Principal != ""}, {"rule", q.Rule != ""},
		{"severity", len(q.Severity) > 0}, {"workflow", len(q.Workflow) > 0}, {"status", q.Status != ""}, {"playbook", q.Playbook != ""},
		{"cause", q.Cause != ""}, {"since", !q.Since.IsZero()}, {"until", !q.Until.IsZero()}} {
		if given.set && !slices.Contains(filters, given.name) {
			return fault.New(fault.Invalid, "riposte:query: %s have no filter %s", q.From, given.name).WithHint("they have: %v", filters)
		}
	}
	return nil
}

func rowsOf[T any](list []T) ([]json.RawMessage, error) {
	rows := make([]json.RawMessage, len(list))
	for i, one := range list {
		var err error
		if rows[i], err = json.Marshal(one); err != nil {
			return nil, fault.New(fault.Internal, "a row can't be written: %w", err)
		}
	}
	return rows, nil
}

// accountRows are riposte's accounts as rows.
func (a *App) accountRows() []json.RawMessage {
	rows, err := rowsOf(a.listAccounts())
	if err != nil { // texts and times: it can't fail
		return nil
	}
	return rows
}
