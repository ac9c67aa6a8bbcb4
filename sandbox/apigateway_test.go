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
