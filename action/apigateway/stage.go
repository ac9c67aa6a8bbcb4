// Package apigateway has the actions on Amazon API Gateway: stages of REST APIs, and of HTTP and WebSocket APIs (http.go), that leave
// no logs and no traces.
package apigateway

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/action/setting"
	"riposte.dev/fault"
)

// stageParams name a stage of a REST API.
type stageParams struct {
	API   string `json:"api,omitempty"`
	Stage string `json:"stage"`
}

func (p stageParams) stage() stageParams { return p }

const stageSchema = `"api": {"type": "string", "pattern": "^[a-z0-9]{1,64}$", "description": "id of the REST API; not needed beside the stage's ARN"},
  "stage": {"type": "string", "minLength": 1, "description": "name of the stage, or its ARN (arn:aws:apigateway:REGION::/restapis/API/stages/NAME)"}`

// Permissions on API Gateway are named by HTTP's verbs.
const (
	get   = "apigateway:GET"
	patch = "apigateway:PATCH"
)

// onStages narrows the permissions of an action to stages of REST APIs, and what else it reads.
func onStages(reads ...string) map[string]action.Limit {
	stages := []string{"arn:P:apigateway:*::/restapis/*/stages/*"}
	return map[string]action.Limit{get: {Resources: append(reads, stages...)}, patch: {Resources: stages}}
}

// logRole is what says whether API Gateway may write logs.
const logRole = "arn:P:apigateway:*::/account"

// findStage returns the stage with its tags.
func findStage[P interface{ stage() stageParams }](ctx context.Context, cfg aws.Config, req action.Request, params P) ([]action.Resource, error) {
	p := params.stage()
	prefix := "arn:" + awscall.Partition(req.Region) + ":apigateway:" + req.Region + "::/restapis/"
	if rest, ok := strings.CutPrefix(p.Stage, prefix); ok {
		p.API, p.Stage, _ = strings.Cut(rest, "/stages/")
	}
	if p.API == "" || p.Stage == "" || strings.Contains(p.API+p.Stage, "/") {
		return nil, fault.New(fault.Invalid, "stage %.200q of API %.100q is no stage of a REST API in %s", p.Stage, p.API, req.Region).
			WithHint(`give {"api": "a1b2c3d4e5", "stage": "prod"}, or the ARN %s`, prefix+"a1b2c3d4e5/stages/prod")
	}
	r := action.Resource{
		Type: "AWS::ApiGateway::Stage", ARN: prefix + p.API + "/stages/" + p.Stage, Name: p.API + "/" + p.Stage, Account: req.Account, Region: req.Region,
	}
	out, err := readStage(ctx, cfg, r)
	if err != nil {
		return nil, err
	}
	r.Tags = out.Tags
	if r.Tags == nil {
		r.Tags = map[string]string{}
	}
	return []action.Resource{r}, nil
}

func readStage(ctx context.Context, cfg aws.Config, r action.Resource) (*apigateway.GetStageOutput, error) {
	api, stage, _ := strings.Cut(r.Name, "/")
	out, err := apigateway.NewFromConfig(cfg).GetStage(ctx, &apigateway.GetStageInput{RestApiId: &api, StageName: &stage})
	if err != nil {
		return nil, awscall.Missing(awscall.Fault(err, get, "look at the stage %s", r.Name),
			"there is no stage "+stage+" of the REST API "+api, "it was deleted, it is in another region, or it is of an HTTP or WebSocket API")
	}
	return out, nil
}

// hasLogRole reports whether API Gateway may write into log groups of the account.
func hasLogRole(ctx context.Context, cfg aws.Config) (bool, error) {
	out, err := apigateway.NewFromConfig(cfg).GetAccount(ctx, &apigateway.GetAccountInput{})
	if err != nil {
		return false, awscall.Fault(err, get, "see whether API Gateway may write logs")
	}
	return aws.ToString(out.CloudwatchRoleArn) != "", nil
}

const noLogRole = setting.Escalation("API Gateway has no role with which it could write logs: make one with the managed policy " +
	"AmazonAPIGatewayPushToCloudWatchLogs, and name it in API Gateway's settings of the account and region.")

// update is the way between two states by one UpdateStage.
func update[S any](r action.Resource, to S, operations ...types.PatchOperation) []setting.Step[S] {
	api, stage, _ := strings.Cut(r.Name, "/")
	input := map[string]any{"RestApiId": api, "StageName": stage, "PatchOperations": operations}
	return []setting.Step[S]{{Operation: "UpdateStage", Input: input, Leaves: to}}
}

func replace(path, value string) types.PatchOperation {
	return types.PatchOperation{Op: types.OpReplace, Path: &path, Value: &value}
}

var stageOperations = map[string]setting.Operation{"UpdateStage": setting.Op(apigateway.NewFromConfig, (*apigateway.Client).UpdateStage)}

// permission is that of a call on a stage.
func permission(string) string { return patch }
