// Package macie has the action on Amazon Macie: one that is off or paused.
package macie

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// session is whether Macie looks at the account's buckets in the region: NONE where it is off, else its status.
type session struct {
	Status string `json:"status"`
}

const (
	none    = "NONE"
	enabled = string(types.MacieStatusEnabled)
)

func readSession(ctx context.Context, cfg aws.Config, r action.Resource) (session, error) {
	out, err := macie2.NewFromConfig(cfg).GetMacieSession(ctx, &macie2.GetMacieSessionInput{})
	if off(err) {
		return session{none}, nil
	}
	if err != nil {
		return session{}, awscall.Fault(err, "macie2:GetMacieSession", "see whether Macie is on in %s", r.Region)
	}
	return session{string(out.Status)}, nil
}

// off reports whether Macie says that it is off. It says so as if access were denied.
func off(err error) bool {
	var denied *types.AccessDeniedException
	return errors.As(err, &denied) && strings.Contains(denied.ErrorMessage(), "Macie is not enabled")
}

// NewEnable returns the action macie.enable.
func NewEnable(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[struct{}, session]{
		Spec: action.Spec{
			Name:  "macie.enable",
			Title: "Turn Macie on",
			Description: "Has Macie look at the account's buckets in the region: it turns it on where it is off, and lets it go on where it is paused, " +
				"with what it has. It costs by buckets, and by what it looks through, after the free month. What was deleted when Macie was turned off does " +
				"not come back. The undo pauses it again; where it was off it is turned off, and Macie deletes what it has found since.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "properties": {}}`),
			Permissions: []string{
				"macie2:GetMacieSession", "macie2:EnableMacie", "macie2:UpdateMacieSession", "macie2:DisableMacie", "iam:CreateServiceLinkedRole",
			},
			Within: map[string]action.Limit{"iam:CreateServiceLinkedRole": action.LinkedRole("macie.amazonaws.com")},
			Effect: action.StateChecked,
		},
		Find: func(_ context.Context, _ aws.Config, req action.Request, _ struct{}) ([]action.Resource, error) {
			return []action.Resource{awscall.Account(req)}, nil
		},
		Read: readSession,
		Want: func(_ action.Resource, _ struct{}, now session) (session, string, error) {
			switch now.Status {
			case enabled:
				return now, "It is on already.", nil
			case none:
				return session{enabled}, "Macie is off, so nobody looks for sensitive data and open buckets there.", nil
			}
			return session{enabled}, "Macie is paused, so nobody looks for sensitive data and open buckets there.", nil
		},
		Steps: func(_ action.Resource, from, to session) ([]setting.Step[session], error) {
			step := setting.Step[session]{Operation: "macie2:UpdateMacieSession", Input: map[string]any{"Status": to.Status}, Leaves: to}
			switch none {
			case from.Status:
				step.Operation = "macie2:EnableMacie"
			case to.Status:
				step.Operation, step.Input = "macie2:DisableMacie", map[string]any{}
			}
			return []setting.Step[session]{step}, nil
		},
		Operations: map[string]setting.Operation{
			"macie2:EnableMacie":        setting.Op(macie2.NewFromConfig, (*macie2.Client).EnableMacie),
			"macie2:UpdateMacieSession": setting.Op(macie2.NewFromConfig, (*macie2.Client).UpdateMacieSession),
			"macie2:DisableMacie":       setting.Op(macie2.NewFromConfig, (*macie2.Client).DisableMacie),
		},
	})
}
