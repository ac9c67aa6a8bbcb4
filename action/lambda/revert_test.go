package lambda_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/awscall"
	"riposte.dev/action/lambda"
	"riposte.dev/fault"
	"riposte.dev/sandbox"
)

const (
	zipFunction = "charge-cards"
	goodLayer   = "arn:aws:lambda:eu-west-1:111122223333:layer:imaging:3"
	badLayer    = "arn:aws:lambda:eu-west-1:444455556666:layer:extra:1"
)

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("index.js")
	if err == nil {
		_, err = f.Write([]byte(text))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tampered is a sandbox with a function whose code, layers and alias somebody changed, and the hash of the code that it had.
func tampered(t *testing.T) (cloud, string) {
	t.Helper()
	c, ctx := newCloud(t), t.Context()
	buckets := s3.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region), func(o *s3.Options) { o.UsePathStyle = true })
	_, err := buckets.CreateBucket(ctx, &s3.CreateBucketInput{
		Bucket: aws.String("releases"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: actiontest.Region},
	})
	c.must(err)
	_, err = buckets.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("releases"), Key: aws.String("charge.zip"), Body: bytes.NewReader(packed(t, "good"))})
	c.must(err)
	role, err := c.Member.CreateRole("charges", trust)
	c.must(err)
	name := aws.String(zipFunction)
	made, err := c.client.CreateFunction(ctx, &sdk.CreateFunctionInput{
		FunctionName: name, Role: &role, Runtime: types.RuntimeNodejs18x, Handler: aws.String("index.handler"), Tags: map[string]string{"team": "payments"},
		Code: &types.FunctionCode{S3Bucket: aws.String("releases"), S3Key: aws.String("charge.zip")}, Layers: []string{goodLayer},
	})
	c.must(err)
	_, err = c.client.PublishVersion(ctx, &sdk.PublishVersionInput{FunctionName: name})
	c.must(err)
	_, err = c.client.UpdateFunctionCode(ctx, &sdk.UpdateFunctionCodeInput{FunctionName: name, ZipFile: packed(t, "bad")})
	c.must(err)
	_, err = c.client.PublishVersion(ctx, &sdk.PublishVersionInput{FunctionName: name})
	c.must(err)
	_, err = c.client.CreateAlias(ctx, &sdk.CreateAliasInput{FunctionName: name, Name: aws.String("live"), FunctionVersion: aws.String("2")})
	c.must(err)
	_, err = c.client.UpdateFunctionCode(ctx, &sdk.UpdateFunctionCodeInput{FunctionName: name, ZipFile: packed(t, "worse")})
	c.must(err)
	c.layer(goodLayer, badLayer)
	return c, *made.CodeSha256
}

func (c cloud) layer(arns ...string) {
	c.t.Helper()
	_, err := c.client.UpdateFunctionConfiguration(c.t.Context(), &sdk.UpdateFunctionConfigurationInput{FunctionName: aws.String(zipFunction), Layers: arns})
	c.must(err)
}

func (c cloud) point(version string) {
	c.t.Helper()
	_, err := c.client.UpdateAlias(c.t.Context(), &sdk.UpdateAliasInput{FunctionName: aws.String(zipFunction), Name: aws.String("live"), FunctionVersion: &version})
	c.must(err)
}

func (c cloud) tamperedState() string {
	c.t.Helper()
	f, err := c.client.GetFunctionConfiguration(c.t.Context(), &sdk.GetFunctionConfigurationInput{FunctionName: aws.String(zipFunction)})
	c.must(err)
	alias, err := c.client.GetAlias(c.t.Context(), &sdk.GetAliasInput{FunctionName: aws.String(zipFunction), Name: aws.String("live")})
	c.must(err)
	var layers []string
	for _, l := range f.Layers {
		layers = append(layers, *l.Arn)
	}
	return fmt.Sprint(*f.CodeSha256, layers, *alias.FunctionVersion)
}

func request(params string) action.Request {
	return action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: json.RawMessage(params)}
}

func TestReverting(t *testing.T) {
	const of = `{"function":"charge-cards"`
	code := `,"code_sha256":"HASH","s3_bucket":"releases","s3_key":"charge.zip"`
	for _, tt := range []struct {
		name, params, operation string // HASH stands for that of the code
		newAction               func(*awscall.Caller) action.Action
		interfere               func(cloud)
		elsewhere               []string
	}{
		{"code", code, "UpdateFunctionCode", lambda.NewRevertCode, nil, []string{"s3:GetObjectVersion"}},
		{"code of a version in S3", code + `,"s3_object_version":"null"`, "UpdateFunctionCode", lambda.NewRevertCode, nil, []string{"s3:GetObject"}},
		{"layers", `,"layers":["` + goodLayer + `"]`, "UpdateFunctionConfiguration", lambda.NewRevertLayers, func(c cloud) { c.layer(badLayer) }, nil},
		{"to no layers", `,"layers":[]`, "UpdateFunctionConfiguration", lambda.NewRevertLayers, func(c cloud) { c.layer(badLayer) }, nil},
		{"alias", `,"alias":"live","version":"1"`, "UpdateAlias", lambda.NewRevertAlias, func(c cloud) { c.point("$LATEST") }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c, hash := tampered(t)
				params := strings.ReplaceAll(tt.params, "HASH", hash)
				w := actiontest.World{
					Action:    func(permissions []string) action.Action { return tt.newAction(c.Caller(permissions)) },
					Request:   request(of + params + `}`),
					Missing:   json.RawMessage(`{"function":"none"` + params + `}`),
					State:     c.tamperedState,
					Writes:    c.Writes,
					Elsewhere: tt.elsewhere,
					Stale: func(reads int) {
						c.AddStaleness(sandbox.Staleness{Service: "lambda", Operation: tt.operation, Reads: reads})
					},
				}
				if tt.interfere != nil {
					w.Interfere = func() { tt.interfere(c) }
				}
				return w
			})
		})
	}
}

// What is replaced can be looked at later: it is a version.
func TestReplacedCodeIsKept(t *testing.T) {
	c, hash := tampered(t)
	a := lambda.NewRevertCode(c.Caller(lambda.NewRevertCode(nil).Spec().Permissions))
	req := request(`{"function":"charge-cards","code_sha256":"` + hash + `","s3_bucket":"releases","s3_key":"charge.zip"}`)
	item := c.Item(a, req)
	actiontest.Want(t, item, action.Change, "other code")
	var before struct{ CodeSHA256 string }
	c.must(json.Unmarshal([]byte(strings.ReplaceAll(string(item.Before), "code_sha256", "CodeSHA256")), &before))
	c.Do(a, item)
	out, err := c.client.ListVersionsByFunction(t.Context(), &sdk.ListVersionsByFunctionInput{FunctionName: aws.String(zipFunction)})
	c.must(err)
	last := out.Versions[len(out.Versions)-1]
	if *last.Version != "3" || *last.CodeSha256 != before.CodeSHA256 || !strings.Contains(*last.Description, "kept by riposte") {
		t.Errorf("%+v, want what was replaced", last)
	}
	actiontest.Want(t, c.Item(a, req), action.Unneeded, "already")
}

func TestRevertsThatAreLeft(t *testing.T) {
	c, hash := tampered(t)
	image := `{"function":"` + function + `","code_sha256":"` + hash + `","s3_bucket":"releases","s3_key":"charge.zip"}`
	for params, want := range map[string]struct {
		newAction func(*awscall.Caller) action.Action
		status    action.Status
		says      string
	}{
		image: {lambda.NewRevertCode, action.Escalated, "container image"},
		`{"function":"charge-cards","layers":["` + goodLayer + `","` + badLayer + `"]}`: {lambda.NewRevertLayers, action.Unneeded, "already"},
		`{"function":"charge-cards","alias":"live","version":"2"}`:                      {lambda.NewRevertAlias, action.Unneeded, "already"},
	} {
		a := want.newAction(c.Caller(want.newAction(nil).Spec().Permissions))
		actiontest.Want(t, c.Item(a, request(params)), want.status, want.says)
	}
	for params, newAction := range map[string]func(*awscall.Caller) action.Action{
		`{"function":"charge-cards","layers":["imaging"]}`:                                            lambda.NewRevertLayers,
		`{"function":"charge-cards"}`:                                                                 lambda.NewRevertLayers,
		`{"function":"charge-cards","alias":"live","version":"$LATEST"}`:                              lambda.NewRevertAlias,
		`{"function":"charge-cards","code_sha256":"x","s3_bucket":"releases","s3_key":"charge.zip"}`:  lambda.NewRevertCode,
		`{"function":"charge-cards","code_sha256":"` + hash + `","s3_bucket":"releases","s3_key":""}`: lambda.NewRevertCode,
		`{"function":"","code_sha256":"` + hash + `","s3_bucket":"releases","s3_key":"charge.zip"}`:   lambda.NewRevertCode,
		`{"function":"charge-cards","alias":"li ve","version":"1"}`:                                   lambda.NewRevertAlias,
	} {
		if _, err := newAction(c.Caller(newAction(nil).Spec().Permissions)).Plan(t.Context(), request(params)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want it refused with a hint", params, err)
		}
	}
}
