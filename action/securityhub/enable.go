// Package securityhub has the action on AWS Security Hub: one that is off.
package securityhub

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

type enableParams struct {
	DefaultStandards *bool `json:"default_standards,omitempty"`
}

// hub is whether Security Hub takes findings of the account in the region.
type hub struct {
	Enabled bool `json:"enabled"`

	standards bool // that a new one begins with AWS's default standards
}

func readHub(ctx context.Context, cfg aws.Config, r action.Resource) (hub, error) {
	_, err := securityhub.NewFromConfig(cfg).DescribeHub(ctx, &securityhub.DescribeHubInput{})
	if off(err) {
		return hub{}, nil
	}
	return hub{Enabled: true}, awscall.Fault(err, "securityhub:DescribeHub", "see whether Security Hub is on in %s", r.Region)
}

// off reports whether Security Hub says that it is off: it has no other answer for that than an error.
func off(err error) bool {
	var gone *types.ResourceNotFoundException
	var access *types.InvalidAccessException
	return errors.As(err, &gone) || errors.As(err, &access) && strings.Contains(access.ErrorMessage(), "not subscribed")
}

// NewEnable returns the action securityhub.enable.
func NewEnable(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[enableParams, hub]{
		Spec: action.Spec{
			Name:  "securityhub.enable",
			Title: "Turn Security Hub on",
			Description: "Has Security Hub take the account's findings in the region again, and check it by AWS's default standards unless that is " +
				"declined. The checks need AWS Config with a recorder, and cost each; standards and settings from before it was turned off don't come " +
				"back. The undo turns it off.",
			Parameters: json.RawMessage(`{
  "type": "object",
  "additionalProperties": false,
  "properties": {"default_standards": {"type": "boolean", "description": "whether to check by AWS's default standards; they do if absent"}}
}`),
			Permissions: []string{"securityhub:DescribeHub", "securityhub:EnableSecurityHub", "securityhub:DisableSecurityHub", "iam:CreateServiceLinkedRole"},
			Within:      map[string]action.Limit{"iam:CreateServiceLinkedRole": action.LinkedRole("securityhub.amazonaws.com")},
			Effect:      action.StateChecked,
		},
		Find: func(_ context.Context, _ aws.Config, req action.Request, _ enableParams) ([]action.Resource, error) {
			return []action.Resource{awscall.Account(req)}, nil
		},
		Read: readHub,
		Want: func(_ action.Resource, p enableParams, now hub) (hub, string, error) {
			if now.Enabled {
				return now, "It is on already.", nil
			}
			return hub{true, p.DefaultStandards == nil || *p.DefaultStandards}, "Security Hub is off, so it takes no findings there.", nil
		},
		Steps: func(_ action.Resource, _, to hub) ([]setting.Step[hub], error) {
			if !to.Enabled {
				return []setting.Step[hub]{{Operation: "DisableSecurityHub", Input: map[string]any{}, Leaves: to}}, nil
			}
			return []setting.Step[hub]{{Operation: "EnableSecurityHub", Input: map[string]any{"EnableDefaultStandards": to.standards}, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"EnableSecurityHub":  setting.Op(securityhub.NewFromConfig, (*securityhub.Client).EnableSecurityHub),
			"DisableSecurityHub": setting.Op(securityhub.NewFromConfig, (*securityhub.Client).DisableSecurityHub),
		},
	})
}
