package lambda_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/lambda"
)

const (
	function = "resize-images"
	trust    = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}}`
)

// cloud is a sandbox with a function.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	role, err := c.Member.CreateRole("runs", trust)
	c.Must(err)
	_, err = c.client.CreateFunction(t.Context(), &sdk.CreateFunctionInput{
		FunctionName: aws.String(function), Role: &role, PackageType: types.PackageTypeImage, Tags: map[string]string{"team": "web"},
		Code: &types.FunctionCode{ImageUri: aws.String("111122223333.dkr.ecr.eu-west-1.amazonaws.com/resize:1")},
	})
	c.Must(err)
	return c
}

func (c cloud) allow(sid string, in sdk.AddPermissionInput) {
	c.T.Helper()
	in.FunctionName, in.StatementId = aws.String(function), &sid
	if in.Action == nil {
		in.Action = aws.String("lambda:InvokeFunction")
	}
	if in.Principal == nil {
		in.Principal = aws.String("*")
	}
	_, err := c.client.AddPermission(c.T.Context(), &in)
	c.Must(err)
}

// open lets everybody in by two statements, and others by some more.
func (c cloud) open() {
	c.allow("bucket", sdk.AddPermissionInput{Principal: aws.String("s3.amazonaws.com"), SourceAccount: aws.String(actiontest.Account)})
	c.allow("public", sdk.AddPermissionInput{})
	c.narrow()
	c.allow("url", sdk.AddPermissionInput{Action: aws.String("lambda:InvokeFunctionUrl"), FunctionUrlAuthType: types.FunctionUrlAuthTypeNone})
	c.allow("public-url", sdk.AddPermissionInput{Action: aws.String("lambda:InvokeFunction"), InvokedViaFunctionUrl: aws.Bool(true)})
}

// narrow lets in who comes from somewhere.
func (c cloud) narrow() {
	c.allow("organisation", sdk.AddPermissionInput{PrincipalOrgID: aws.String("o-abcdefghij")})
	c.allow("signed", sdk.AddPermissionInput{Action: aws.String("lambda:InvokeFunctionUrl"), FunctionUrlAuthType: types.FunctionUrlAuthTypeAwsIam})
	c.allow("topic", sdk.AddPermissionInput{SourceArn: aws.String("arn:aws:sns:eu-west-1:111122223333:images")})
}

func (c cloud) reserve(n int32) {
	_, err := c.client.PutFunctionConcurrency(c.T.Context(), &sdk.PutFunctionConcurrencyInput{FunctionName: aws.String(function), ReservedConcurrentExecutions: &n})
	c.Must(err)
}

// state is all that the undo of both actions must restore; the order of statements means nothing.
func (c cloud) state() string {
	c.T.Helper()
	reserved, err := c.client.GetFunctionConcurrency(c.T.Context(), &sdk.GetFunctionConcurrencyInput{FunctionName: aws.String(function)})
	c.Must(err)
	text := "any"
	if reserved.ReservedConcurrentExecutions != nil {
		text = fmt.Sprint(*reserved.ReservedConcurrentExecutions)
	}
	var statements []string
	if out, err := c.client.GetPolicy(c.T.Context(), &sdk.GetPolicyInput{FunctionName: aws.String(function)}); err == nil {
		var doc struct{ Statement []json.RawMessage }
		c.Must(json.Unmarshal([]byte(*out.Policy), &doc))
		for _, s := range doc.Statement {
			statements = append(statements, string(s))
		}
	}
	slices.Sort(statements)
	return fmt.Sprint(text, statements)
}

const ofFunction = `{"function":"` + function + `"}`

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name      string
		newAction actiontest.NewAction
		spoil     func(cloud)
		interfere func(cloud)
		elsewhere []string
	}{
		{"remove public statements", lambda.NewRemovePublicStatements, cloud.open, func(c cloud) { c.allow("again", sdk.AddPermissionInput{}) }, nil},
		{"stop a function", lambda.NewStop, func(cloud) {}, func(c cloud) { c.reserve(7) }, nil},
		{"stop a function with a reservation", lambda.NewStop, func(c cloud) { c.reserve(5) }, func(c cloud) { c.reserve(7) }, []string{"lambda:DeleteFunctionConcurrency"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				tt.spoil(c)
				w := c.World(tt.newAction, ofFunction, `{"function":"none"}`, c.state)
				w.Interfere = actiontest.On(c, tt.interfere)
				w.Elsewhere = tt.elsewhere
				return w
			})
		})
	}
}

func TestWhatIsLeft(t *testing.T) {
	for _, tt := range []struct {
		name      string
		newAction actiontest.NewAction
		spoil     func(cloud)
		says      string
	}{
		{"no policy", lambda.NewRemovePublicStatements, func(cloud) {}, "for everybody"},
		{"conditions", lambda.NewRemovePublicStatements, cloud.narrow, "for everybody"},
		{"it is stopped", lambda.NewStop, func(c cloud) { c.reserve(0) }, "already"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.spoil(c)
			item := c.Plan(tt.newAction, ofFunction)
			actiontest.Want(t, item, action.Unneeded, tt.says)
			if item.Resource.Tags["team"] != "web" {
				t.Errorf("%+v, want its tags", item.Resource)
			}
		})
	}
}

func TestOnlyPublicStatementsGo(t *testing.T) {
	c := newCloud(t)
	c.open()
	a := c.Action(lambda.NewRemovePublicStatements)
	item := c.Item(a, actiontest.Request(ofFunction))
	actiontest.Want(t, item, action.Change, "by public (lambda:InvokeFunction), public-url (lambda:InvokeFunction), url (lambda:InvokeFunctionUrl).")
	c.Do(a, item)
	rest := newCloud(t)
	rest.allow("bucket", sdk.AddPermissionInput{Principal: aws.String("s3.amazonaws.com"), SourceAccount: aws.String(actiontest.Account)})
	rest.narrow()
	if got, want := c.state(), rest.state(); got != want {
		t.Errorf("what is left is\n%s\nwant\n%s", got, want)
	}
}
