package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"riposte.dev/sandbox"
)

// destination makes an API destination with a connection and a role that may
// invoke it.
func (w *world) destination(t *testing.T, url string, connection *eventbridge.CreateConnectionInput) (arn, role *string) {
	t.Helper()
	client := w.eventbridge(w.root)
	made, err := client.CreateConnection(t.Context(), connection)
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.CreateApiDestination(t.Context(), &eventbridge.CreateApiDestinationInput{
		Name: connection.Name, ConnectionArn: made.ConnectionArn, InvocationEndpoint: &url, HttpMethod: types.ApiDestinationHttpMethodPost,
	})
	if err != nil {
		t.Fatal(err)
	}
	roleARN, err := w.account.CreateRole("invoke-"+*connection.Name,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"events:InvokeApiDestination","Resource":"*"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	return out.ApiDestinationArn, &roleARN
}

func apiKey(name string) *eventbridge.CreateConnectionInput {
	return &eventbridge.CreateConnectionInput{
		Name: &name, AuthorizationType: types.ConnectionAuthorizationTypeApiKey,
		AuthParameters: &types.CreateConnectionAuthRequestParameters{
			ApiKeyAuthParameters: &types.CreateConnectionApiKeyAuthRequestParameters{ApiKeyName: aws.String("X-Key"), ApiKeyValue: aws.String("hush")},
			InvocationHttpParameters: &types.ConnectionHttpParameters{HeaderParameters: []types.ConnectionHeaderParameter{
				{Key: aws.String("X-Fixed"), Value: aws.String("f"), IsValueSecret: true},
			}},
		},
	}
}

func TestDestinations(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	got := make(chan *http.Request, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		got <- r
	}))
	defer srv.Close()
	basic := &eventbridge.CreateConnectionInput{
		Name: aws.String("basic"), AuthorizationType: types.ConnectionAuthorizationTypeBasic,
		AuthParameters: &types.CreateConnectionAuthRequestParameters{
			BasicAuthParameters: &types.CreateConnectionBasicAuthRequestParameters{Username: aws.String("u"), Password: aws.String("hush")},
		},
	}
	for _, connection := range []*eventbridge.CreateConnectionInput{apiKey("key"), basic} {
		arn, role := w.destination(t, srv.URL+"/in/*", connection)
		w.rule(t, "", *connection.Name, `{"source":["shop"],"detail":{"to":["`+*connection.Name+`"]}}`, types.Target{
			Id: aws.String("d"), Arn: arn, RoleArn: role, InputPath: aws.String("$.detail"),
			HttpParameters: &types.HttpParameters{
				PathParameterValues: []string{"p"}, QueryStringParameters: map[string]string{"q": "1"}, HeaderParameters: map[string]string{"X-Own": "o"},
			},
		})
		w.putEvent(t, "", `{"to":"`+*connection.Name+`"}`)
		select {
		case r := <-got:
			body, err := io.ReadAll(r.Body)
			if err != nil || string(body) != `{"to":"`+*connection.Name+`"}` || r.URL.String() != "/in/p?q=1" || r.Header.Get("X-Own") != "o" {
				t.Errorf("it got %s %s %v", r.URL, body, r.Header)
			}
			user, password, _ := r.BasicAuth()
			if key := r.Header.Get("X-Key") + r.Header.Get("X-Fixed") + user + password; key != "hushf" && key != "uhush" {
				t.Errorf("it shows %q", key)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("nothing came")
		}
	}
	shown, err := w.eventbridge(w.root).DescribeConnection(t.Context(), &eventbridge.DescribeConnectionInput{Name: aws.String("key")})
	if err != nil || *shown.AuthParameters.ApiKeyAuthParameters.ApiKeyName != "X-Key" || shown.AuthParameters.InvocationHttpParameters.HeaderParameters[0].Value != nil {
		t.Errorf("the connection is %+v, %v", shown, err)
	}
	for _, c := range w.Calls() {
		if strings.Contains(string(c.Params), "hush") {
			t.Errorf("the journal tells a secret: %s", c.Params)
		}
	}
	for _, e := range w.delivered(8) {
		if detail, _ := e["detail"].(map[string]any); detail["eventName"] == "CreateConnection" && strings.Contains(toText(t, e), "hush") {
			t.Errorf("a record tells a secret: %v", e)
		}
	}
}

// TestDestinationRetries ends in the dead-letter queue after the attempts that
// the target's policy allows.
func TestDestinationRetries(t *testing.T) {
	w := newWorld(t, sandbox.Options{})
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusServiceUnavailable) }))
	defer srv.Close()
	arn, role := w.destination(t, srv.URL, apiKey("key"))
	dead, deadARN := w.eventQueue(t, "dead")
	target := types.Target{
		Id: aws.String("d"), Arn: arn, RoleArn: role, DeadLetterConfig: &types.DeadLetterConfig{Arn: &deadARN},
		RetryPolicy: &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(2)},
	}
	w.rule(t, "", "broken", `{"source":["shop"]}`, target)
	w.putEvent(t, "", `{}`)
	got := w.awaitMessage(t, dead).MessageAttributes
	if *got["EXHAUSTED_RETRY_CONDITION"].StringValue != "MaximumRetryAttempts" || *got["RETRY_ATTEMPTS"].StringValue != "2" || *got["ERROR_CODE"].StringValue != "ERROR_FROM_TARGET" {
		t.Errorf("attributes %+v", got)
	}
	stranger, err := w.account.CreateRole("stranger", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	target.RoleArn = &stranger
	w.rule(t, "", "broken", `{"source":["shop"]}`, target)
	w.putEvent(t, "", `{}`)
	if got := w.awaitMessage(t, dead).MessageAttributes; *got["ERROR_CODE"].StringValue != "NO_PERMISSIONS" {
		t.Errorf("with a role that may not: %+v", got)
	}
}

func toText(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
