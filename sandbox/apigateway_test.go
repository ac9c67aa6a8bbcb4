package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"riposte.dev/sandbox"
)

func TestStagesOfREST(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := apigateway.NewFromConfig(w.config(w.root, "us-east-1"))
	api := w.cli("us-east-1", "apigateway", "create-rest-api", "--name", "orders", "--query", "id", "--output", "text")
	_, err := client.CreateStage(ctx, &apigateway.CreateStageInput{RestApiId: &api, StageName: aws.String("prod"), DeploymentId: aws.String("none")})
	wantCode(t, err, "BadRequestException")
	if _, err := client.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{RestApiId: &api, StageName: aws.String("prod")}); err != nil {
		t.Fatal(err)
	}
	patch := func(op types.Op, path, value string) error {
		_, err := client.UpdateStage(ctx, &apigateway.UpdateStageInput{
			RestApiId: &api, StageName: aws.String("prod"), PatchOperations: []types.PatchOperation{{Op: op, Path: &path, Value: &value}},
		})
		return err
	}
	for path, value := range map[string]string{
		"/*/*/logging/loglevel": "ERROR", "/accessLogSettings/destinationArn": "arn:aws:logs:us-east-1:111122223333:log-group:x", "/other": "x",
		"/accessLogSettings/format": "$context.requestId",
	} {
		wantCode(t, patch(types.OpReplace, path, value), "BadRequestException") // there is no role, no such path, no destination
	}
	if err := patch(types.OpReplace, "/tracingEnabled", "true"); err != nil {
		t.Fatal(err)
	}
	out, err := client.GetStages(ctx, &apigateway.GetStagesInput{RestApiId: &api})
	if err != nil || len(out.Item) != 1 || !out.Item[0].TracingEnabled {
		t.Errorf("%+v, %v", out, err)
	}
	_, err = client.GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: aws.String("none")})
	wantCode(t, err, "NotFoundException")
	_, err = client.UpdateAccount(ctx, &apigateway.UpdateAccountInput{PatchOperations: []types.PatchOperation{
		{Op: types.OpReplace, Path: aws.String("/cloudwatchRoleArn"), Value: aws.String("arn:aws:iam::111122223333:role/none")},
	}})
	wantCode(t, err, "BadRequestException")
	records := w.delivered(9)
	record, err := json.Marshal(records[7])
	if want := `"requestParameters":{"restApiId":"` + api + `","stageName":"prod","template":false,"updateStageInput":{"patchOperations":[{"op":"replace","path":"/tracingEnabled","value":"true"}]}}`; err != nil || !strings.Contains(string(record), want) {
		t.Errorf("the record is %s, %v", record, err)
	}
}

// TestStagesOfHTTP makes an HTTP API with Debian's aws, and reads the record, whose input stands as it is.
func TestStagesOfHTTP(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	aws := func(args ...string) (string, error) {
		return w.tryCLI("us-east-1", append([]string{"apigatewayv2"}, append(args, "--output", "text")...)...)
	}
	must := func(args ...string) string {
		t.Helper()
		out, err := aws(args...)
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return strings.TrimSpace(out)
	}
	api := must("create-api", "--name", "orders", "--protocol-type", "HTTP", "--query", "ApiId")
	must("create-stage", "--api-id", api, "--stage-name", "$default")
	update := func(group, format string) (string, error) {
		settings, err := json.Marshal(map[string]string{"DestinationArn": group, "Format": format})
		if err != nil {
			t.Fatal(err)
		}
		return aws("update-stage", "--api-id", api, "--stage-name", "$default", "--access-log-settings", string(settings), "--query", "AccessLogSettings.Format")
	}
	const group = "arn:aws:logs:us-east-1:111122223333:log-group:api"
	for group, format := range map[string]string{"arn:aws:sns:us-east-1:111122223333:api": "$context.requestId", group: "$context.status"} {
		if out, err := update(group, format); err == nil || !strings.Contains(out, "(BadRequestException)") {
			t.Errorf("%v: %s", err, out)
		}
	}
	if out, err := update(group+":*", "$context.requestId"); err != nil || strings.TrimSpace(out) != "$context.requestId" {
		t.Errorf("%v: %s", err, out)
	}
	must("delete-access-log-settings", "--api-id", api, "--stage-name", "$default")
	if got := must("get-stages", "--api-id", api, "--query", "Items[].[StageName,AccessLogSettings]"); got != "$default\tNone" {
		t.Errorf("the stages are %s", got)
	}
	if out, err := aws("get-stage", "--api-id", api, "--stage-name", "none"); err == nil || !strings.Contains(out, "(NotFoundException)") {
		t.Errorf("%v: %s", err, out)
	}
	if out, err := aws("create-api", "--name", "chat", "--protocol-type", "WEBSOCKET"); err == nil || !strings.Contains(out, "(BadRequestException)") {
		t.Errorf("%v: %s", err, out)
	}
	quick := must("create-api", "--name", "quick", "--protocol-type", "HTTP", "--target", "https://example.com", "--query", "ApiId")
	if out, err := aws("update-stage", "--api-id", quick, "--stage-name", "$default", "--description", "mine"); err == nil || !strings.Contains(out, "managed by API Gateway") {
		t.Errorf("%v: %s", err, out)
	}
	wantRecord(t, w.delivered(6)[4], "UpdateStage", "", `{"apiId":"`+api+`","stageName":"$default","accessLogSettings":{"destinationArn":"`+group+`:*","format":"$context.requestId"}}`,
		`{"stageName":"$default","createdDate":"*","lastUpdatedDate":"*","routeSettings":{},"stageVariables":{},"defaultRouteSettings":{"detailedMetricsEnabled":false},"tags":{},
		"accessLogSettings":{"destinationArn":"`+group+`","format":"$context.requestId"}}`)
}
