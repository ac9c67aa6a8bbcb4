package secretsmanager

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// schedule is whether a secret is rotated by itself.
type schedule struct {
	Rotates bool `json:"rotates"`

	function string
	rules    *types.RotationRulesType // nil: nobody has said any
}

// everyDays is how often a secret is rotated that never was; Security Hub asks for 90 at most (SecretsManager.4).
const everyDays = 30

// NewEnableRotation returns the action secretsmanager.enable-rotation.
func NewEnableRotation(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[secretParams, schedule]{
		Spec: action.Spec{
			Name:  "secretsmanager.enable-rotation",
			Title: "Rotate a secret again",
			Description: "Has Secrets Manager rotate a secret again whose rotation was cancelled, by the function and as often as before; every 30 days where " +
				"that was never said. The value stays until the next time by that schedule, which may be soon; Secrets Manager has the function test now " +
				"whether it could. A secret that has no function is left to people.",
			Parameters: json.RawMessage(secretSchema),
			Permissions: []string{
				"secretsmanager:DescribeSecret", "secretsmanager:RotateSecret", "secretsmanager:CancelRotateSecret", "lambda:InvokeFunction",
			},
			Effect: action.StateChecked,
		},
		Find: findSecret,
		Leave: func(ctx context.Context, cfg aws.Config, r action.Resource) (string, error) {
			out, err := describe(ctx, cfg, r.ARN)
			if err != nil || aws.ToString(out.OwningService) == "" {
				return "", err
			}
			return "The service " + *out.OwningService + " manages this secret: see to its rotation there.", nil
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (schedule, error) {
			out, err := describe(ctx, cfg, r.ARN)
			if err != nil {
				return schedule{}, err
			}
			return schedule{aws.ToBool(out.RotationEnabled), aws.ToString(out.RotationLambdaARN), out.RotationRules}, nil
		},
		Want: func(_ action.Resource, _ secretParams, now schedule) (schedule, string, error) {
			switch {
			case now.Rotates:
				return now, "It is rotated already.", nil
			case now.function == "":
				return now, "", setting.Escalation("No function is there that could rotate it: make one for the service that it is for, and set up rotation with it.")
			}
			now.Rotates = true
			return now, "Nothing rotates it any more.", nil
		},
		Steps: func(r action.Resource, from, to schedule) ([]setting.Step[schedule], error) {
			if !to.Rotates {
				return []setting.Step[schedule]{{Operation: "CancelRotateSecret", Input: map[string]string{"SecretId": r.ARN}, Leaves: to}}, nil
			}
			input := map[string]any{"SecretId": r.ARN, "RotateImmediately": false}
			if rules := from.rules; rules == nil || rules.AutomaticallyAfterDays == nil && rules.ScheduleExpression == nil {
				input["RotationRules"] = map[string]any{"AutomaticallyAfterDays": everyDays}
			}
			return []setting.Step[schedule]{{Operation: "RotateSecret", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"RotateSecret":       setting.Op(secretsmanager.NewFromConfig, (*secretsmanager.Client).RotateSecret),
			"CancelRotateSecret": setting.Op(secretsmanager.NewFromConfig, (*secretsmanager.Client).CancelRotateSecret),
		},
	})
}
