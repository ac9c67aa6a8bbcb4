package lambda

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// concurrency is how many executions of a function may run at the same time; nil: as many as the account has left.
type concurrency struct {
	Reserved *int32 `json:"reserved_concurrency"`
}

// NewStop returns the action lambda.stop-function.
func NewStop(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[functionParams, concurrency]{
		Spec: action.Spec{
			Name:  "lambda.stop-function",
			Title: "Let a function run no more",
			Description: "Reserves no execution for a function, so that every invocation is throttled. What runs goes on to its end; events that are " +
				"sent to it asynchronously are kept for hours, and streams wait. The undo brings the reservation back, or that there was none.",
			Parameters: json.RawMessage(functionSchema),
			Permissions: append([]string{
				"lambda:GetFunctionConcurrency", "lambda:PutFunctionConcurrency", "lambda:DeleteFunctionConcurrency",
			}, findPermissions...),
			Effect: action.StateChecked, Evidence: action.EventEvidence,
		},
		Find: findFunction,
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (concurrency, error) {
			out, err := lambda.NewFromConfig(cfg).GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: &r.ARN})
			if err != nil {
				return concurrency{}, missing(err, "lambda:GetFunctionConcurrency", r.Name)
			}
			return concurrency{out.ReservedConcurrentExecutions}, nil
		},
		Want: func(_ action.Resource, _ functionParams, now concurrency) (concurrency, string, error) {
			if now.Reserved != nil && *now.Reserved == 0 {
				return now, "It runs no more already.", nil
			}
			return concurrency{aws.Int32(0)}, "It can be invoked.", nil
		},
		Steps: func(r action.Resource, _, to concurrency) ([]setting.Step[concurrency], error) {
			step := setting.Step[concurrency]{Operation: "DeleteFunctionConcurrency", Input: map[string]any{"FunctionName": r.ARN}, Leaves: to}
			if to.Reserved != nil {
				step.Operation, step.Input = "PutFunctionConcurrency", map[string]any{"FunctionName": r.ARN, "ReservedConcurrentExecutions": *to.Reserved}
			}
			return []setting.Step[concurrency]{step}, nil
		},
		Operations: map[string]setting.Operation{
			"PutFunctionConcurrency":    setting.Op(lambda.NewFromConfig, (*lambda.Client).PutFunctionConcurrency),
			"DeleteFunctionConcurrency": setting.Op(lambda.NewFromConfig, (*lambda.Client).DeleteFunctionConcurrency),
		},
	})
}
