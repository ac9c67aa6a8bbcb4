// Package inspector has the action on Amazon Inspector: resources that it does not scan.
package inspector

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/inspector2"
	"github.com/aws/aws-sdk-go-v2/service/inspector2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

type enableParams struct {
	Types []types.ResourceScanType `json:"resource_types,omitempty"`
}

// scans is whether Inspector scans what there is of each type.
type scans map[types.ResourceScanType]types.Status

// takes is for how long it is waited until what is ENABLING is enabled, in seconds.
const takes = 900

// known are the types that the action turns on.
var known = []types.ResourceScanType{types.ResourceScanTypeEc2, types.ResourceScanTypeEcr, types.ResourceScanTypeLambda}

func findAccount(_ context.Context, _ aws.Config, req action.Request, p enableParams) ([]action.Resource, error) {
	for _, t := range p.Types {
		if !slices.Contains(known, t) {
			return nil, fault.New(fault.Invalid, "resource type %.50q is none that riposte has Inspector scan", t).WithHint("give EC2, ECR or LAMBDA")
		}
	}
	return []action.Resource{awscall.Account(req)}, nil
}

func readScans(ctx context.Context, cfg aws.Config, r action.Resource) (scans, error) {
	out, err := inspector2.NewFromConfig(cfg).BatchGetAccountStatus(ctx, &inspector2.BatchGetAccountStatusInput{AccountIds: []string{r.Account}})
	if err != nil {
		return nil, awscall.Fault(err, "inspector2:BatchGetAccountStatus", "see what Inspector scans in %s", r.Region)
	}
	if err := failed(out.FailedAccounts); err != nil {
		return nil, err
	}
	if len(out.Accounts) != 1 || out.Accounts[0].ResourceState == nil {
		return nil, fault.New(fault.Unavailable, "Inspector doesn't say what it scans in %s", r.Region).WithHint("try again")
	}
	now := out.Accounts[0].ResourceState
	status := func(s *types.State) types.Status {
		if s == nil {
			return types.StatusDisabled
		}
		return s.Status
	}
	return scans{
		types.ResourceScanTypeEc2: status(now.Ec2), types.ResourceScanTypeEcr: status(now.Ecr), types.ResourceScanTypeLambda: status(now.Lambda),
	}, nil
}

// failed is why Inspector did not do what it answered to with success.
func failed(accounts []types.FailedAccount) error {
	if len(accounts) == 0 {
		return nil
	}
	a, code := accounts[0], fault.Conflict // the call names one account
	if a.ErrorCode == types.ErrorCodeAccessDenied {
		code = fault.Denied
	}
	return fault.New(code, "Inspector says of account %s: %s: %s", aws.ToString(a.AccountId), a.ErrorCode, aws.ToString(a.ErrorMessage)).
		WithHint("where a delegated administrator manages Inspector, turn it on from that account")
}

func wantScans(_ action.Resource, p enableParams, now scans) (scans, string, error) {
	wanted := p.Types
	if len(wanted) == 0 {
		wanted = known
	}
	want, off := scans{}, []string{}
	for t, status := range now {
		want[t] = status
	}
	for _, t := range wanted {
		switch now[t] {
		case types.StatusEnabled:
		case types.StatusEnabling, types.StatusDisabled:
			if now[t] == types.StatusDisabled && !slices.Contains(off, string(t)) {
				off = append(off, string(t))
			}
			want[t] = types.StatusEnabled
		default:
			return now, "", setting.Escalation("Its state for " + string(t) + " is " + string(now[t]) + ": wait until that is over; a suspended account is AWS's to wake.")
		}
	}
	if len(off) == 0 {
		return now, "Inspector scans them already, or begins to.", nil
	}
	return want, "Inspector does not scan " + strings.Join(off, ", ") + ", so nobody is told of vulnerabilities there.", nil
}

// scanSteps turn on what is to be on, or off what is to be off; a change has one of the two.
func scanSteps(r action.Resource, from, to scans) ([]setting.Step[scans], error) {
	turn := map[types.Status][]types.ResourceScanType{}
	for _, t := range known {
		if from[t] != to[t] && from[t] != types.StatusEnabling {
			turn[to[t]] = append(turn[to[t]], t)
		}
	}
	input := map[string]any{"AccountIds": []string{r.Account}}
	if on := turn[types.StatusEnabled]; len(on) > 0 {
		input["ResourceTypes"] = on
		return []setting.Step[scans]{{Operation: "inspector2:Enable", Input: input, Leaves: to}}, nil
	}
	input["ResourceTypes"] = turn[types.StatusDisabled]
	return []setting.Step[scans]{{Operation: "inspector2:Disable", Input: input, Leaves: to}}, nil
}

// linkedRoles limits the making of roles to Inspector's own, and that by which it reads volumes.
func linkedRoles() action.Limit {
	services := []string{"inspector2.amazonaws.com", "agentless.inspector2.amazonaws.com"}
	limit := action.Limit{Conditions: map[string]map[string][]string{"StringEquals": {"iam:AWSServiceName": services}}}
	for _, service := range services {
		limit.Resources = append(limit.Resources, action.LinkedRole(service).Resources...)
	}
	return limit
}

// NewEnable returns the action inspector.enable.
func NewEnable(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[enableParams, scans]{
		Spec: action.Spec{
			Name:  "inspector.enable",
			Title: "Turn Inspector's scans on",
			Description: "Has Inspector scan the instances, container images and functions of the account in the region for vulnerabilities: each at once, and again " +
				"when it changes or a vulnerability becomes known. It costs by what it scans, after the free 15 days; instances need the SSM agent, or " +
				"have their volumes read. Where a delegated administrator manages Inspector, Inspector refuses it. The undo turns off what it turned on.",
			Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "properties": {"resource_types": {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"enum": ["EC2", "ECR", "LAMBDA"]}, "description": "what to scan; all of them if absent"}}
}`),
			Permissions: []string{"inspector2:BatchGetAccountStatus", "inspector2:Enable", "inspector2:Disable", "iam:CreateServiceLinkedRole"},
			Within:      map[string]action.Limit{"iam:CreateServiceLinkedRole": linkedRoles()},
			Effect:      action.StateChecked, TakesSeconds: takes,
		},
		Find: findAccount, Read: readScans, Want: wantScans, Steps: scanSteps,
		Operations: map[string]setting.Operation{
			"inspector2:Enable": func(ctx context.Context, cfg aws.Config, call action.Call) error {
				out, err := awscall.Answer(ctx, call, inspector2.NewFromConfig(cfg).Enable)
				if err != nil {
					return err
				}
				return failed(out.FailedAccounts)
			},
			"inspector2:Disable": func(ctx context.Context, cfg aws.Config, call action.Call) error {
				out, err := awscall.Answer(ctx, call, inspector2.NewFromConfig(cfg).Disable)
				if err != nil {
					return err
				}
				return failed(out.FailedAccounts)
			},
		},
	})
}
