package apigateway

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// levels is how much a stage logs of what its methods do.
type levels struct {
	Level string `json:"logging_level"` // OFF, ERROR or INFO

	hasRole bool
}

const off = "OFF"

type executionParams struct {
	API   string `json:"api,omitempty"`
	Stage string `json:"stage"`
	Level string `json:"level,omitempty"`
}

func (p executionParams) stage() stageParams { return stageParams{p.API, p.Stage} }

// NewEnableExecutionLogging returns the action apigateway.enable-execution-logging.
func NewEnableExecutionLogging(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[executionParams, levels]{
		Spec: action.Spec{
			Name:  "apigateway.enable-execution-logging",
			Title: "Log what a stage of a REST API does",
			Description: "Has all methods of a stage log their errors, or also what they do, into CloudWatch Logs. Requests and answers in full (data " +
				"tracing) are not logged: they may hold secrets. Methods with a level of their own keep it. The logs cost what they take.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["stage"], "properties": {` + stageSchema + `,
  "level": {"enum": ["ERROR", "INFO"], "description": "what is logged; without this, ERROR"}}}`),
			Permissions: []string{get, patch}, Within: onStages(logRole),
			Effect: action.StateChecked,
		},
		Find: findStage[executionParams],
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (levels, error) {
			out, err := readStage(ctx, cfg, r)
			if err != nil {
				return levels{}, err
			}
			now := levels{Level: off}
			if all, ok := out.MethodSettings["*/*"]; ok && aws.ToString(all.LoggingLevel) != "" {
				now.Level = *all.LoggingLevel
			}
			now.hasRole, err = hasLogRole(ctx, cfg)
			return now, err
		},
		Want: func(_ action.Resource, p executionParams, now levels) (levels, string, error) {
			level := p.Level
			if level == "" {
				level = "ERROR"
			}
			switch {
			case now.Level == level, now.Level == "INFO":
				return now, "It logs " + now.Level + " already.", nil
			case !now.hasRole:
				return now, "", noLogRole
			}
			return levels{Level: level}, "It logs " + now.Level + ".", nil
		},
		Steps: func(r action.Resource, _, to levels) ([]setting.Step[levels], error) {
			return update(r, to, replace("/*/*/logging/loglevel", to.Level)), nil
		},
		Operations: stageOperations, Permission: permission,
	})
}

// accessLog is where a stage notes who called it.
type accessLog struct {
	Destination string `json:"destination"` // ARN; "" for nowhere
	Format      string `json:"format"`

	hasRole bool
}

type accessParams struct {
	API         string `json:"api,omitempty"`
	Stage       string `json:"stage"`
	Destination string `json:"destination"`
	Format      string `json:"format,omitempty"`
}

func (p accessParams) stage() stageParams { return stageParams{p.API, p.Stage} }

// usualFormat has what tells who called, from where, for what, and how that ended
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html).
const usualFormat = `{"requestId":"$context.requestId","requestTime":"$context.requestTime","ip":"$context.identity.sourceIp",` +
	`"caller":"$context.identity.caller","user":"$context.identity.user","userAgent":"$context.identity.userAgent",` +
	`"httpMethod":"$context.httpMethod","path":"$context.path","status":"$context.status","responseLength":"$context.responseLength"}`

// NewEnableAccessLogging returns the action apigateway.enable-access-logging.
func NewEnableAccessLogging(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[accessParams, accessLog]{
		Spec: action.Spec{
			Name:  "apigateway.enable-access-logging",
			Title: "Log who calls a stage of a REST API",
			Description: "Has a stage note each request in a log group or a Firehose stream: when, from which address, by whom, for what, and how it " +
				"ended. A stage that has a log keeps it. The log costs what it takes.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["stage", "destination"], "properties": {` + stageSchema + `,
  "destination": {"type": "string", "pattern": "^arn:[a-z-]+:(logs:[a-z0-9-]+:[0-9]{12}:log-group:.+|firehose:[a-z0-9-]+:[0-9]{12}:deliverystream/amazon-apigateway-.+)$",
    "description": "ARN of a log group, or of a Firehose stream whose name begins with amazon-apigateway-, in the region"},
  "format": {"type": "string", "minLength": 1, "maxLength": 3000, "pattern": "\\$context\\.requestId",
    "description": "one line with variables; without this, JSON with time, address, caller, method, path and status"}}}`),
			Permissions: []string{get, patch}, Within: onStages(logRole),
			Effect: action.StateChecked,
		},
		Find: func(ctx context.Context, cfg aws.Config, req action.Request, p accessParams) ([]action.Resource, error) {
			if p.Destination == "" || p.Format != "" && !strings.Contains(p.Format, "$context.requestId") {
				return nil, fault.New(fault.Invalid, "the destination is missing, or the format has no $context.requestId").
					WithHint(`give {"api": "a1b2c3d4e5", "stage": "prod", "destination": "arn:aws:logs:%s:%s:log-group:api-access"}`, req.Region, req.Account)
			}
			return findStage(ctx, cfg, req, p)
		},
		Read: func(ctx context.Context, cfg aws.Config, r action.Resource) (accessLog, error) {
			out, err := readStage(ctx, cfg, r)
			if err != nil {
				return accessLog{}, err
			}
			var now accessLog
			if s := out.AccessLogSettings; s != nil {
				now.Destination, now.Format = aws.ToString(s.DestinationArn), aws.ToString(s.Format)
			}
			now.hasRole, err = hasLogRole(ctx, cfg)
			return now, err
		},
		Want: func(_ action.Resource, p accessParams, now accessLog) (accessLog, string, error) {
			switch {
			case now.Destination != "":
				return now, "It logs into " + now.Destination + " already.", nil
			case strings.Contains(p.Destination, ":logs:") && !now.hasRole:
				return now, "", noLogRole
			}
			want := accessLog{Destination: strings.TrimSuffix(p.Destination, ":*"), Format: p.Format}
			if want.Format == "" {
				want.Format = usualFormat
			}
			return want, "Nobody can tell who calls it.", nil
		},
		Steps: func(r action.Resource, _, to accessLog) ([]setting.Step[accessLog], error) {
			if to.Destination == "" {
				return update(r, to, types.PatchOperation{Op: types.OpRemove, Path: aws.String("/accessLogSettings")}), nil
			}
			return update(r, to, replace("/accessLogSettings/destinationArn", to.Destination), replace("/accessLogSettings/format", to.Format)), nil
		},
		Operations: stageOperations, Permission: permission,
	})
}
