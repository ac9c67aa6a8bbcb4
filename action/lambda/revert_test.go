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
	"riposte.dev/action/lambda"
	"riposte.dev/fault"
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
	c.Must(err)
	_, err = buckets.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("releases"), Key: aws.String("charge.zip"), Body: bytes.NewReader(packed(t, "good"))})
	c.Must(err)
	role, err := c.Member.CreateRole("charges", trust)
	c.Must(err)
	name := aws.String(zipFunction)
	made, err := c.client.CreateFunction(ctx, &sdk.CreateFunctionInput{
		FunctionName: name, Role: &role, Runtime: types.RuntimeNodejs18x, Handler: aws.String("index.handler"), Tags: map[string]string{"team": "payments"},
		Code: &types.FunctionCode{S3Bucket: aws.String("releases"), S3Key: aws.String("charge.zip")}, Layers: []string{goodLayer},
	})
	c.Must(err)
	_, err = c.client.PublishVersion(ctx, &sdk.PublishVersionInput{FunctionName: name})
	c.Must(err)
	_, err = c.client.UpdateFunctionCode(ctx, &sdk.UpdateFunctionCodeInput{FunctionName: name, ZipFile: packed(t, "bad")})
	c.Must(err)
	_, err = c.client.PublishVersion(ctx, &sdk.PublishVersionInput{FunctionName: name})
	c.Must(err)
	_, err = c.client.CreateAlias(ctx, &sdk.CreateAliasInput{FunctionName: name, Name: aws.String("live"), FunctionVersion: aws.String("2")})
	c.Must(err)
	_, err = c.client.UpdateFunctionCode(ctx, &sdk.UpdateFunctionCodeInput{FunctionName: name, ZipFile: packed(t, "worse")})
	c.Must(err)
	c.layer(goodLayer, badLayer)
	return c, *made.CodeSha256
}

func (c cloud) layer(arns ...string) {
	c.T.Helper()
	_, err := c.client.UpdateFunctionConfiguration(c.T.Context(), &sdk.UpdateFunctionConfigurationInput{FunctionName: aws.String(zipFunction), Layers: arns})
	c.Must(err)
}

func (c cloud) point(version string) {
	c.T.Helper()
	_, err := c.client.UpdateAlias(c.T.Context(), &sdk.UpdateAliasInput{FunctionName: aws.String(zipFunction), Name: aws.String("live"), FunctionVersion: &version})
	c.Must(err)
}

func (c cloud) tamperedState() string {
	c.T.Helper()
	f, err := c.client.GetFunctionConfiguration(c.T.Context(), &sdk.GetFunctionConfigurationInput{FunctionName: aws.String(zipFunction)})
	c.Must(err)
	alias, err := c.client.GetAlias(c.T.Context(), &sdk.GetAliasInput{FunctionName: aws.String(zipFunction), Name: aws.String("live")})
	c.Must(err)
	var layers []string
	for _, l := range f.Layers {
		layers = append(layers, *l.Arn)
	}
	return fmt.Sprint(*f.CodeSha256, layers, *alias.FunctionVersion)
}

func TestReverting(t *testing.T) {
	const of = `{"function":"charge-cards"`
	code := `,"code_sha256":"HASH","s3_bucket":"releases","s3_key":"charge.zip"`
	for _, tt := range []struct {
		name, params string // HASH stands for that of the code
		newAction    actiontest.NewAction
		interfere    func(cloud)
		elsewhere    []string
	}{
		{"code", code, lambda.NewRevertCode, nil, []string{"s3:GetObjectVersion"}},
		{"code of a version in S3", code + `,"s3_object_version":"null"`, lambda.NewRevertCode, nil, []string{"s3:GetObject"}},
		{"layers", `,"layers":["` + goodLayer + `"]`, lambda.NewRevertLayers, func(c cloud) { c.layer(badLayer) }, nil},
		{"to no layers", `,"layers":[]`, lambda.NewRevertLayers, func(c cloud) { c.layer(badLayer) }, nil},
		{"alias", `,"alias":"live","version":"1"`, lambda.NewRevertAlias, func(c cloud) { c.point("$LATEST") }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c, hash := tampered(t)
				params := strings.ReplaceAll(tt.params, "HASH", hash)
				w := c.World(tt.newAction, of+params+`}`, `{"function":"none"`+params+`}`, c.tamperedState)
				w.Elsewhere = tt.elsewhere
				w.Interfere = actiontest.On(c, tt.interfere)
				return w
			})
		})
	}
}

// What is replaced can be looked at later: it is a version.
func TestReplacedCodeIsKept(t *testing.T) {
	c, hash := tampered(t)
	a := c.Action(lambda.NewRevertCode)
	req := actiontest.Request(`{"function":"charge-cards","code_sha256":"` + hash + `","s3_bucket":"releases","s3_key":"charge.zip"}`)
	item := c.Item(a, req)
	actiontest.Want(t, item, action.Change, "other code")
	var before struct{ CodeSHA256 string }
	c.Must(json.Unmarshal([]byte(strings.ReplaceAll(string(item.Before), "code_sha256", "CodeSHA256")), &before))
	c.Do(a, item)
	out, err := c.client.ListVersionsByFunction(t.Context(), &sdk.ListVersionsByFunctionInput{FunctionName: aws.String(zipFunction)})
	c.Must(err)
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
		newAction actiontest.NewAction
		status    action.Status
		says      string
	}{
		image: {lambda.NewRevertCode, action.Escalated, "container image"},
		`{"function":"charge-cards","layers":["` + goodLayer + `","` + badLayer + `"]}`: {lambda.NewRevertLayers, action.Unneeded, "already"},
		`{"function":"charge-cards","alias":"live","version":"2"}`:                      {lambda.NewRevertAlias, action.Unneeded, "already"},
	} {
		a := c.Action(want.newAction)
		actiontest.Want(t, c.Item(a, actiontest.Request(params)), want.status, want.says)
	}
	for params, newAction := range map[string]actiontest.NewAction{
		`{"function":"charge-cards","layers":["imaging"]}`:                                            lambda.NewRevertLayers,
		`{"function":"charge-cards"}`:                                                                 lambda.NewRevertLayers,
		`{"function":"charge-cards","alias":"live","version":"$LATEST"}`:                              lambda.NewRevertAlias,
		`{"function":"charge-cards","code_sha256":"x","s3_bucket":"releases","s3_key":"charge.zip"}`:  lambda.NewRevertCode,
		`{"function":"charge-cards","code_sha256":"` + hash + `","s3_bucket":"releases","s3_key":""}`: lambda.NewRevertCode,
		`{"function":"","code_sha256":"` + hash + `","s3_bucket":"releases","s3_key":"charge.zip"}`:   lambda.NewRevertCode,
		`{"function":"charge-cards","alias":"li ve","version":"1"}`:                                   lambda.NewRevertAlias,
	} {
		if _, err := c.Action(newAction).Plan(t.Context(), actiontest.Request(params)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
			t.Errorf("%s: %v, want it refused with a hint", params, err)
		}
	}
}
