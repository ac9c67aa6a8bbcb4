package sandbox_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"riposte.dev/sandbox"
)

const trustLambda = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`

func zipped(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if _, err := z.Create("index.js"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (w *world) lambda(keys sandbox.Keys) *lambda.Client {
	return lambda.NewFromConfig(w.config(keys, "us-east-1"))
}

func (w *world) makeFunction(name string) *lambda.CreateFunctionInput {
	w.t.Helper()
	role, err := w.account.CreateRole("runs-"+name, trustLambda)
	if err != nil {
		w.t.Fatal(err)
	}
	in := &lambda.CreateFunctionInput{
		FunctionName: &name, Role: &role, Runtime: types.RuntimeNodejs18x, Handler: aws.String("index.handler"),
		Code: &types.FunctionCode{ZipFile: zipped(w.t.(*testing.T))}, Environment: &types.Environment{Variables: map[string]string{"KEY": "s3cret"}},
	}
	if _, err := w.lambda(w.root).CreateFunction(w.t.Context(), in); err != nil {
		w.t.Fatal(err)
	}
	return in
}

const functionF = "arn:aws:lambda:us-east-1:111122223333:function:f"

func TestFunctionLife(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := w.lambda(w.root)
	in := w.makeFunction("f")
	_, err := client.CreateFunction(ctx, in)
	wantCode(t, err, "ResourceConflictException")
	for name, change := range map[string]func(*lambda.CreateFunctionInput){
		"no zip":     func(in *lambda.CreateFunctionInput) { in.Code = &types.FunctionCode{ZipFile: []byte("x")} },
		"no handler": func(in *lambda.CreateFunctionInput) { in.Handler = nil },
		"no role":    func(in *lambda.CreateFunctionInput) { in.Role = aws.String("arn:aws:iam::111122223333:role/missing") },
	} {
		t.Run(name, func(t *testing.T) {
			bad := *in
			bad.FunctionName = aws.String("g")
			change(&bad)
			_, err := client.CreateFunction(ctx, &bad)
			wantCode(t, err, "InvalidParameterValueException")
		})
	}
	for _, name := range []string{"f", functionF, functionF + ":$LATEST", "111122223333:function:f"} {
		got, err := client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &name})
		if err != nil || *got.Configuration.FunctionArn != functionF || got.Configuration.State != types.StateActive {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	listed, err := client.ListFunctions(ctx, nil)
	if err != nil || len(listed.Functions) != 1 || listed.Functions[0].Environment.Variables["KEY"] != "s3cret" {
		t.Errorf("%+v, %v", listed, err)
	}
	e := w.delivered(1)[0]["detail"].(map[string]any)
	if text, err := json.Marshal(e); err != nil || e["eventName"] != "CreateFunction20150331" || strings.Contains(string(text), "s3cret") {
		t.Errorf("the record is %s, %v", text, err)
	}
	if _, err := client.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String("f")}); err != nil {
		t.Fatal(err)
	}
	_, err = client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: aws.String("f")})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestInvoke(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := w.lambda(w.root)
	w.makeFunction("f")
	call := func(kind types.InvocationType, payload string) *lambda.InvokeOutput {
		t.Helper()
		out, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("f"), InvocationType: kind, Payload: []byte(payload)})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if out := call(types.InvocationTypeRequestResponse, `{"n":1}`); out.StatusCode != 200 || string(out.Payload) != "{}" || out.FunctionError != nil {
		t.Errorf("answered %d %s", out.StatusCode, out.Payload)
	}
	if out := call(types.InvocationTypeEvent, `{"n":2}`); out.StatusCode != 202 || len(out.Payload) > 0 {
		t.Errorf("answered %d %s", out.StatusCode, out.Payload)
	}
	if out := call(types.InvocationTypeDryRun, ""); out.StatusCode != 204 {
		t.Errorf("answered %d", out.StatusCode)
	}
	if err := w.AnswerInvocations(functionF, json.RawMessage(`{"errorMessage":"no"}`), true); err != nil {
		t.Fatal(err)
	}
	if out := call(types.InvocationTypeRequestResponse, ""); string(out.Payload) != `{"errorMessage":"no"}` || *out.FunctionError != "Unhandled" {
		t.Errorf("answered %s", out.Payload)
	}
	seen := w.Invocations(functionF)
	if len(seen) != 3 || string(seen[1].Payload) != `{"n":2}` || seen[1].Type != "Event" || string(seen[2].Payload) != "{}" {
		t.Errorf("seen are %+v", seen)
	}
	if err := w.AnswerInvocations(functionF+"x", nil, false); err == nil {
		t.Error("a function that isn't there got an answer")
	}
	_, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("f"), Payload: []byte("{")})
	wantCode(t, err, "InvalidRequestContentException")
	_, err = client.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("f"), Qualifier: aws.String("7")})
	wantCode(t, err, "ResourceNotFoundException")
}

func TestFunctionPolicy(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := w.lambda(w.root)
	w.makeFunction("f")
	other, err := w.CreateAccount(otherAccount, "other")
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := other.CreateUser("eve", allow("lambda:InvokeFunction", functionF))
	if err != nil {
		t.Fatal(err)
	}
	invoke := func() error {
		_, err := w.lambda(foreign).Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(functionF)})
		return err
	}
	wantCode(t, invoke(), "AccessDeniedException")
	_, err = client.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: aws.String("f")})
	wantCode(t, err, "ResourceNotFoundException")
	grant := &lambda.AddPermissionInput{FunctionName: aws.String("f"), StatementId: aws.String("eve"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String(otherAccount)}
	if _, err := client.AddPermission(ctx, grant); err != nil {
		t.Fatal(err)
	}
	if err := invoke(); err != nil {
		t.Errorf("with the permission: %v", err)
	}
	_, err = client.AddPermission(ctx, grant)
	wantCode(t, err, "ResourceConflictException")
	got, err := client.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: aws.String("f")})
	if err != nil || !strings.Contains(*got.Policy, `"Principal":{"AWS":"arn:aws:iam::444455556666:root"}`) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestSubscriptionToLambda(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := w.logs(w.root)
	makeGroup(t, client, "g", "s")
	w.makeFunction("f")
	subscribe := func(role *string) error {
		_, err := client.PutSubscriptionFilter(ctx, &cloudwatchlogs.PutSubscriptionFilterInput{
			LogGroupName: aws.String("g"), FilterName: aws.String("f"), FilterPattern: aws.String(""), DestinationArn: aws.String(functionF), RoleArn: role,
		})
		return err
	}
	wantCode(t, subscribe(nil), "InvalidParameterException")
	if _, err := w.lambda(w.root).AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: aws.String("f"), StatementId: aws.String("logs"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("logs.amazonaws.com"),
		SourceArn: aws.String("arn:aws:logs:us-east-1:111122223333:log-group:g:*"), SourceAccount: aws.String(testAccount),
	}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, subscribe(aws.String("arn:aws:iam::111122223333:role/runs-f")), "InvalidParameterException")
	if err := subscribe(nil); err != nil {
		t.Fatal(err)
	}
	logLines(t, client, "g", "s", time.Now(), "hello")
	seen := w.Invocations(functionF)
	if len(seen) != 1 {
		t.Fatalf("%d invocations were made", len(seen))
	}
	var payload struct {
		AWSLogs struct{ Data string } `json:"awslogs"`
	}
	if err := json.Unmarshal(seen[0].Payload, &payload); err != nil {
		t.Fatal(err)
	}
	data, err := base64.StdEncoding.DecodeString(payload.AWSLogs.Data)
	if err != nil {
		t.Fatal(err)
	}
	if m := unpack(t, data); m.MessageType != "DATA_MESSAGE" || m.LogEvents[0].Message != "hello" {
		t.Errorf("invoked with %+v", m)
	}
}
