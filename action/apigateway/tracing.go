package apigateway

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
)

// tracing is whether X-Ray follows requests through a stage.
type tracing struct {
	Enabled bool `json:"tracing"`
}

// NewEnableTracing returns the action apigateway.enable-tracing.
func NewEnableTracing(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[stageParams, tracing]{
		Spec: action.Spec{
			Name:        "apigateway.enable-tracing",
			Title:       "Trace requests through a stage of a REST API",
			Description: "Has X-Ray follow a part of a stage's requests, as its sampling rules say, to what answers them. The traces cost what they take.",
			Parameters:  json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["stage"], "properties": {` + stageSchema + `}}`),
			Permissions: []string{get, patch}, Within: onStages(),
			Effect: action.StateChecked,
		},
		Find: findStage[stageParams],
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (tracing, error) {
			out, err := readStage(ctx, cfg, r)
			if err != nil {
				return tracing{}, err
			}
			return tracing{out.TracingEnabled}, nil
		},
		Want: func(_ action.Resource, _ stageParams, now tracing) (tracing, string, error) {
			if now.Enabled {
				return now, "X-Ray follows its requests already.", nil
			}
			return tracing{true}, "Nobody can tell where its requests go.", nil
		},
		Steps: func(r action.Resource, _, to tracing) ([]setting.Step[tracing], error) {
			return update(r, to, replace("/tracingEnabled", strconv.FormatBool(to.Enabled))), nil
		},
		Operations: stageOperations, Permission: permission,
	})
}
