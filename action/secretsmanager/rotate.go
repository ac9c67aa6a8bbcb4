package secretsmanager

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// version is which version of a secret is current.
type version struct {
	Current string `json:"current_version"`

	rotates bool
	rotated time.Time // last; zero: never
}

type rotateParams struct {
	Secret   string    `json:"secret"`
	LeakedAt time.Time `json:"leaked_at"`
}

// takes is for how long it is waited until the rotation's function has made the new version current, in seconds: it has four steps.
const takes = 900

// NewRotate returns the action secretsmanager.rotate-secret.
func NewRotate(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[rotateParams, version]{
		Spec: action.Spec{
			Name:  "secretsmanager.rotate-secret",
			Title: "Rotate a secret",
			Description: "Has Secrets Manager make a new version of a secret at once, and the service that it is for take it, unless that happened " +
				"since the secret leaked. A secret that nothing rotates is left to people. Programs that keep the old value must read it anew.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["secret", "leaked_at"], "properties": {
  "secret": {"type": "string", "minLength": 1, "description": "name or ARN of the secret"},
  "leaked_at": {"type": "string", "format": "date-time", "description": "when others got to know it, such as the time of the event"}}}`),
			Permissions: []string{"secretsmanager:DescribeSecret", "secretsmanager:RotateSecret", "lambda:InvokeFunction"},
			Effect:      action.TokenKeyed, Evidence: action.EventEvidence, TakesSeconds: takes,
			Irreversible: "the old value is known to others, and the service takes the new one only",
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p rotateParams) ([]action.Resource, error) {
			if p.Secret == "" || p.LeakedAt.IsZero() {
				return nil, fault.New(fault.Invalid, "the secret, or the time when it leaked, is missing").
					WithHint(`give {"secret": "orders/db", "leaked_at": "2026-11-21T20:15:00Z"}`)
			}
			return findSecret(ctx, cfg, req, secretParams{p.Secret})
		},
		Read: readVersion,
		Want: func(r action.Resource, p rotateParams, now version) (version, string, error) {
			switch {
			case now.rotated.After(p.LeakedAt):
				return now, "It was rotated since, at " + now.rotated.UTC().Format(time.RFC3339) + ".", nil
			case !now.rotates:
				return now, "", setting.Escalation("Nothing rotates it: change it where it is used, and store the new value.")
			}
			return version{Current: nextVersion(r.ARN, now.Current)}, "Others know it since " + p.LeakedAt.UTC().Format(time.RFC3339) + ".", nil
		},
		Steps: func(r action.Resource, _, to version) ([]setting.Step[version], error) {
			input := map[string]string{"SecretId": r.ARN, "ClientRequestToken": to.Current}
			return []setting.Step[version]{{Operation: "RotateSecret", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{"RotateSecret": setting.Op(secretsmanager.NewFromConfig, (*secretsmanager.Client).RotateSecret)},
	})
}

// nextVersion is the id of the version after another one: Secrets Manager takes the client's token for it, and makes a version
// with the same token once only.
func nextVersion(arn, current string) string {
	sum := sha256.Sum256([]byte(arn + "\n" + current))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

func readVersion(ctx context.Context, cfg aws.Config, r action.Resource) (version, error) {
	out, err := describe(ctx, cfg, r.ARN)
	if err != nil {
		return version{}, err
	}
	now := version{rotates: aws.ToBool(out.RotationEnabled), rotated: aws.ToTime(out.LastRotatedDate)}
	for id, stages := range out.VersionIdsToStages {
		if slices.Contains(stages, "AWSCURRENT") {
			now.Current = id
		}
	}
	return now, nil
}
