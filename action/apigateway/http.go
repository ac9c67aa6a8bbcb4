package apigateway

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// httpLog is where a stage of an HTTP or WebSocket API notes who called it.
type httpLog struct {
	Destination string `json:"destination"` // ARN; "" for nowhere
	Format      string `json:"format"`

	managed bool // by API Gateway
	socket  bool // of a WebSocket API, whose logs are written by the account's role
	hasRole bool
}

// The formats have what tells who called, from where, for what, and how that ended
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html).
const (
	httpFormat = `{"requestId":"$context.requestId","requestTime":"$context.requestTime","ip":"$context.identity.sourceIp",` +
		`"userAgent":"$context.identity.userAgent","httpMethod":"$context.httpMethod","path":"$context.path","routeKey":"$context.routeKey",` +
		`"status":"$context.status","responseLength":"$context.responseLength"}`
	socketFormat = `{"requestId":"$context.requestId","requestTime":"$context.requestTime","ip":"$context.identity.sourceIp",` +
		`"userAgent":"$context.identity.userAgent","eventType":"$context.eventType","routeKey":"$context.routeKey","connectionId":"$context.connectionId",` +
		`"status":"$context.status"}`
)

// NewEnableHTTPAccessLogging returns the action apigateway.enable-http-access-logging.
func NewEnableHTTPAccessLogging(caller *awscall.Caller) action.Action {
	return setting.New(caller, setting.Setting[accessParams, httpLog]{
		Spec: action.Spec{
			Name:  "apigateway.enable-http-access-logging",
			Title: "Log who calls a stage of an HTTP or WebSocket API",
			Description: "Has a stage note each request in a log group: when, from which address, for what, and how it ended. A stage that has a log keeps it. " +
				"The log costs what it takes. What lets API Gateway write, the policy of the log groups, stays after the undo.",
			Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["stage", "destination"], "properties": {
  "api": {"type": "string", "pattern": "^[a-z0-9]{1,64}$", "description": "id of the API; not needed beside the stage's ARN"},
  "stage": {"type": "string", "minLength": 1, "description": "name of the stage, such as $default, or its ARN (arn:aws:apigateway:REGION::/apis/API/stages/NAME)"},
  "destination": {"type": "string", "pattern": "^arn:[a-z-]+:logs:[a-z0-9-]+:[0-9]{12}:log-group:.+$", "description": "ARN of a log group in the region"},
  "format": {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": "\\$context\\.requestId",
    "description": "one line with variables; without this, JSON with time, address, client, route and status"}}}`),
			Permissions: []string{
				get, patch, "apigateway:DELETE", "logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery",
				"logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies",
			},
			Within: map[string]action.Limit{
				get:   {Resources: []string{"arn:P:apigateway:*::/account", "arn:P:apigateway:*::/apis/*"}},
				patch: {Resources: []string{"arn:P:apigateway:*::/apis/*/stages/*"}},
			},
			Effect: action.StateChecked,
		},
		Find: findHTTPStage, Read: readHTTPLog,
		Want: func(_ action.Resource, p accessParams, now httpLog) (httpLog, string, error) {
			switch {
			case now.Destination != "":
				return now, "It logs into " + now.Destination + " already.", nil
			case now.managed:
				return now, "", setting.Escalation("API Gateway made this stage together with the API and lets nobody change it: make another stage of the API, " +
					"with the log (aws apigatewayv2 create-stage --auto-deploy --access-log-settings), and let callers and domain names go there.")
			case now.socket && !now.hasRole:
				return now, "", noLogRole
			}
			want := httpLog{Destination: strings.TrimSuffix(p.Destination, ":*"), Format: p.Format}
			switch {
			case want.Format != "":
			case now.socket:
				want.Format = socketFormat
			default:
				want.Format = httpFormat
			}
			return want, "Nobody can tell who calls it.", nil
		},
		Steps: func(r action.Resource, _, to httpLog) ([]setting.Step[httpLog], error) {
			api, stage, _ := strings.Cut(r.Name, "/")
			input := map[string]any{"ApiId": api, "StageName": stage}
			if to.Destination == "" {
				return []setting.Step[httpLog]{{Operation: "DeleteAccessLogSettings", Input: input, Leaves: to}}, nil
			}
			input["AccessLogSettings"] = map[string]string{"DestinationArn": to.Destination, "Format": to.Format}
			return []setting.Step[httpLog]{{Operation: "UpdateStage", Input: input, Leaves: to}}, nil
		},
		Operations: map[string]setting.Operation{
			"UpdateStage":             setting.Op(apigatewayv2.NewFromConfig, (*apigatewayv2.Client).UpdateStage),
			"DeleteAccessLogSettings": setting.Op(apigatewayv2.NewFromConfig, (*apigatewayv2.Client).DeleteAccessLogSettings),
		},
		Permission: func(operation string) string {
			if operation == "DeleteAccessLogSettings" {
				return "apigateway:DELETE"
			}
			return patch
		},
	})
}

// findHTTPStage returns the stage with its tags.
func findHTTPStage(ctx context.Context, cfg aws.Config, req action.Request, p accessParams) ([]action.Resource, error) {
	prefix := "arn:" + awscall.Partition(req.Region) + ":apigateway:" + req.Region + "::/apis/"
	if rest, ok := strings.CutPrefix(p.Stage, prefix); ok {
		p.API, p.Stage, _ = strings.Cut(rest, "/stages/")
	}
	switch {
	case p.API == "" || p.Stage == "" || strings.Contains(p.API+p.Stage, "/"):
		return nil, fault.New(fault.Invalid, "stage %.200q of API %.100q is no stage of an HTTP or WebSocket API in %s", p.Stage, p.API, req.Region).
			WithHint(`give {"api": "a1b2c3d4e5", "stage": "$default"}, or the ARN %s`, prefix+"a1b2c3d4e5/stages/prod")
	case !strings.Contains(p.Destination, ":logs:") || p.Format != "" && !strings.Contains(p.Format, "$context.requestId"):
		return nil, fault.New(fault.Invalid, "the destination is no log group, or the format has no $context.requestId").
			WithHint(`give {"api": "a1b2c3d4e5", "stage": "$default", "destination": "arn:aws:logs:%s:%s:log-group:api-access"}`, req.Region, req.Account)
	}
	r := action.Resource{
		Type: "AWS::ApiGatewayV2::Stage", ARN: prefix + p.API + "/stages/" + p.Stage, Name: p.API + "/" + p.Stage, Account: req.Account, Region: req.Region,
		Tags: map[string]string{},
	}
	out, err := readHTTPStage(ctx, cfg, r)
	if err != nil {
		return nil, err
	}
	for k, v := range out.Tags {
		r.Tags[k] = v
	}
	return []action.Resource{r}, nil
}

func readHTTPStage(ctx context.Context, cfg aws.Config, r action.Resource) (*apigatewayv2.GetStageOutput, error) {
	api, stage, _ := strings.Cut(r.Name, "/")
	out, err := apigatewayv2.NewFromConfig(cfg).GetStage(ctx, &apigatewayv2.GetStageInput{ApiId: &api, StageName: &stage})
	if err != nil {
		return nil, awscall.Missing(awscall.Fault(err, get, "look at the stage %s", r.Name),
			"there is no stage "+stage+" of the API "+api, "it was deleted, it is in another region, or it is of a REST API")
	}
	return out, nil
}

func readHTTPLog(ctx context.Context, cfg aws.Config, r action.Resource) (httpLog, error) {
	out, err := readHTTPStage(ctx, cfg, r)
	if err != nil {
		return httpLog{}, err
	}
	now := httpLog{managed: aws.ToBool(out.ApiGatewayManaged)}
	if s := out.AccessLogSettings; s != nil {
		now.Destination, now.Format = aws.ToString(s.DestinationArn), aws.ToString(s.Format)
	}
	id, _, _ := strings.Cut(r.Name, "/")
	api, err := apigatewayv2.NewFromConfig(cfg).GetApi(ctx, &apigatewayv2.GetApiInput{ApiId: &id})
	if err != nil {
		return now, awscall.Fault(err, get, "look at the API %s", id)
	}
	if api.ProtocolType != types.ProtocolTypeWebsocket {
		return now, nil
	}
	now.socket = true
	now.hasRole, err = hasLogRole(ctx, cfg)
	return now, err
}
