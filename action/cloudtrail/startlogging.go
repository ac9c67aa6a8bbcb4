// Package cloudtrail has the actions on AWS CloudTrail.
//
// Start at [StartLogging], which starts stopped trails again: one that a call named, or all of an account as one region
// sees them. [NewCreate] creates one where there is none, [NewProtectLogBucket] protects where they deliver to. The others are settings
// of one trail; settings.go has what they share.
package cloudtrail

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

// spec of cloudtrail.start-logging. The permissions are those of
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html; StopLogging is for Undo.
var spec = action.Spec{
	Name:  "cloudtrail.start-logging",
	Title: "Start a stopped trail",
	Description: "Starts logging again on a trail that was stopped, or on every stopped trail that the region shows. " +
		"Replicated trails are counted once and called in their home region. Trails of the organisation are started from " +
		"its management account only, so in a member account they are escalated.",
	Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "trail": {"type": "string", "minLength": 3, "description": "name or ARN of one trail"},
    "all": {"const": true, "description": "every trail of the account that the region shows"}
  },
  "oneOf": [{"required": ["trail"]}, {"required": ["all"]}]
}`),
	Permissions: []string{
		"cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "cloudtrail:StartLogging", "cloudtrail:StopLogging",
	},
	Effect: action.StateChecked,
}

// StartLogging is the action cloudtrail.start-logging.
type StartLogging struct {
	caller *awscall.Caller
}

var _ action.Action = (*StartLogging)(nil)

// NewStartLogging returns the action; it reaches accounts through caller.
func NewStartLogging(caller *awscall.Caller) action.Action {
	return &StartLogging{caller: caller}
}

// Spec describes the action.
func (a *StartLogging) Spec() action.Spec { return spec }

// state is the part of a trail's state that matters here.
type state struct {
	Logging bool `json:"logging"`
}

func (s state) json() json.RawMessage {
	if s.Logging {
		return json.RawMessage(`{"logging":true}`)
	}
	return json.RawMessage(`{"logging":false}`)
}

// Apply starts (or, to undo, stops) logging.
func (a *StartLogging) Apply(ctx context.Context, item action.Item) ([]action.Receipt, error) {
	return action.ApplyCalls(ctx, item, func(ctx context.Context, call action.Call) error {
		client, err := a.client(ctx, call.Account, call.Region)
		if err != nil {
			return err
		}
		switch call.Operation {
		case "StartLogging":
			return awscall.Fault(awscall.Send(ctx, call, client.StartLogging), "cloudtrail:StartLogging", "start the trail %s", item.Resource.Name)
		case "StopLogging":
			return awscall.Fault(awscall.Send(ctx, call, client.StopLogging), "cloudtrail:StopLogging", "stop the trail %s", item.Resource.Name)
		default:
			return fault.New(fault.Invalid, "cloudtrail.start-logging makes no call %s:%s", call.Service, call.Operation)
		}
	})
}

// Verify looks whether the trail logs, or no longer logs, as item.After says.
func (a *StartLogging) Verify(ctx context.Context, item action.Item) error {
	status, err := a.status(ctx, item.Resource.Account, item.Resource.Region, item.Resource.ARN)
	if err != nil {
		return err
	}
	if !action.SameState(status.json(), item.After) {
		return action.ErrNotYet
	}
	return nil
}

func (a *StartLogging) client(ctx context.Context, account, region string) (*cloudtrail.Client, error) {
	cfg, err := a.caller.Config(ctx, account, region)
	if err != nil {
		return nil, err
	}
	return cloudtrail.NewFromConfig(cfg), nil
}
