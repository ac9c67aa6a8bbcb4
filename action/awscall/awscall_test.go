package awscall_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/google/go-cmp/cmp"

	"riposte.dev/action"
	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// answer is what the server says to one attempt.
type answer struct {
	status    int
	id        string
	errorCode string
}

// server speaks just enough awsJson1.1 to answer the attempts in order.
func server(t *testing.T, answers ...answer) aws.Config {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if len(answers) == 0 {
			t.Error("one attempt more than expected")
			return
		}
		a := answers[0]
		answers = answers[1:]
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.Header().Set("X-Amzn-Requestid", a.id)
		w.WriteHeader(a.status)
		if a.errorCode != "" {
			_, _ = w.Write([]byte(`{"__type":"` + a.errorCode + `","message":"so it is"}`))
		} else {
			_, _ = w.Write([]byte(`{}`))
		}
	}))
	t.Cleanup(srv.Close)
	return config(srv.URL)
}

func config(url string) aws.Config {
	return aws.Config{
		Region: "eu-west-1", BaseEndpoint: aws.String(url),
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
	}
}

type clients struct {
	cfg aws.Config
	err error
}

func (c clients) Config(context.Context, string, string) (aws.Config, error) { return c.cfg, c.err }

// call makes one recorded call.
func call(t *testing.T, ctx context.Context, cfg aws.Config) ([]action.Receipt, error) {
	t.Helper()
	caller := awscall.New(clients{cfg: cfg}, func() time.Time { return noon })
	cfg, err := caller.Config(ctx, "111122223333", "eu-west-1")
	if err != nil {
		t.Fatal(err)
	}
	ctx, recorder := action.Record(ctx)
	_, err = cloudtrail.NewFromConfig(cfg).StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: aws.String("main")})
	return recorder.Receipts(), err
}

func TestEveryAttemptLeavesAReceipt(t *testing.T) {
	receipt := func(id, failed string) action.Receipt {
		return action.Receipt{Service: "cloudtrail", Operation: "StartLogging", Region: "eu-west-1", RequestID: id, At: noon, Error: failed}
	}
	tests := []struct {
		name    string
		answers []answer
		want    []action.Receipt
		code    fault.Code
		hint    string
	}{
		{"success", []answer{{200, "r1", ""}}, []action.Receipt{receipt("r1", "")}, "", ""},
		{
			"throttled once", []answer{{400, "r1", "ThrottlingException"}, {200, "r2", ""}},
			[]action.Receipt{receipt("r1", "ThrottlingException: so it is"), receipt("r2", "")}, "", "",
		},
		{
			"denied", []answer{{400, "r1", "AccessDeniedException"}},
			[]action.Receipt{receipt("r1", "AccessDeniedException: so it is")}, fault.Denied, "allow cloudtrail:StartLogging",
		},
		{
			"failing on", []answer{{500, "r1", "InternalFailure"}, {500, "r2", "InternalFailure"}, {500, "r3", "InternalFailure"}},
			[]action.Receipt{receipt("r1", "InternalFailure: so it is"), receipt("r2", "InternalFailure: so it is"), receipt("r3", "InternalFailure: so it is")},
			fault.Unavailable, "service health",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := call(t, context.Background(), server(t, tt.answers...))
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("receipts (-want +got)\n%s", d)
			}
			err = awscall.Fault(err, "cloudtrail:StartLogging", "start logging of %s", "main")
			if fault.CodeOf(err) != tt.code || !strings.Contains(fault.Hint(err), tt.hint) {
				t.Errorf("fault = %v (%s), want code %q and a hint with %q", err, fault.CodeOf(err), tt.code, tt.hint)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "start logging of main: ") {
				t.Errorf("fault %q does not say what was being done", err)
			}
		})
	}
}

func TestAnAttemptThatIsNotPermittedIsNotMade(t *testing.T) {
	attempts := 0
	ctx := action.Permit(context.Background(), func(context.Context) error {
		if attempts++; attempts > 1 {
			return fault.New(fault.Denied, "ana paused everything")
		}
		return nil
	})
	got, err := call(t, ctx, server(t, answer{500, "r1", "InternalFailure"}))
	if len(got) != 1 || attempts != 2 || fault.CodeOf(awscall.Fault(err, "cloudtrail:StartLogging", "start logging")) != fault.Denied {
		t.Errorf("%d receipts after %d attempts, %v; want the second one denied", len(got), attempts, err)
	}
}

func TestALostAnswerLeavesAReceiptWithoutRequestID(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer srv.Close()
	got, err := call(t, context.Background(), config(srv.URL))
	if len(got) != retry.DefaultMaxAttempts {
		t.Fatalf("%d receipts, want one for each of %d attempts", len(got), retry.DefaultMaxAttempts)
	}
	if got[0].RequestID != "" || got[0].Error == "" {
		t.Errorf("receipt = %+v, want no request id and an error", got[0])
	}
	if code := fault.CodeOf(awscall.Fault(err, "cloudtrail:StartLogging", "start")); code != fault.Unavailable {
		t.Errorf("code = %q, want unavailable", code)
	}
}

func TestConfigNamesTheAccount(t *testing.T) {
	denied := fault.New(fault.Denied, "no role there")
	_, err := awscall.New(clients{err: denied}, time.Now).Config(context.Background(), "111122223333", "eu-west-1")
	if !errors.Is(err, denied) || !strings.Contains(err.Error(), "111122223333 in eu-west-1") {
		t.Errorf("error = %v, want the cause with the account and region", err)
	}
}

func TestWithReceiptsLeavesTheConfigurationAlone(t *testing.T) {
	cfg := aws.Config{}
	awscall.WithReceipts(cfg, time.Now)
	if len(cfg.APIOptions) != 0 {
		t.Error("the caller's configuration was changed")
	}
}

func TestInput(t *testing.T) {
	in, err := awscall.Input[cloudtrail.StartLoggingInput](action.Call{Input: json.RawMessage(`{"Name":"main"}`)})
	if err != nil || aws.ToString(in.Name) != "main" {
		t.Errorf("Input = %+v, %v", in, err)
	}
	for _, raw := range []string{`{"Nmae":"main"}`, `{"Name":`, ``} {
		if _, err := awscall.Input[cloudtrail.StartLoggingInput](action.Call{Input: json.RawMessage(raw)}); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("Input(%s): %v, want invalid", raw, err)
		}
	}
}

func TestPartition(t *testing.T) {
	for region, want := range map[string]string{"eu-west-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"} {
		if got := awscall.Partition(region); got != want {
			t.Errorf("Partition(%s) = %s, want %s", region, got, want)
		}
	}
}

func TestPrefix(t *testing.T) {
	for id, want := range map[string]string{
		"CloudTrail": "cloudtrail", "ApiGatewayV2": "apigateway", "EC2": "ec2", "CloudWatch Logs": "logs", "SFN": "states", "S3": "s3", "S3 Control": "s3",
		"Elastic Load Balancing v2": "elasticloadbalancing", "Auto Scaling": "autoscaling", "WAFV2": "wafv2",
		"AccessAnalyzer": "access-analyzer", "Config Service": "config", "GuardDuty": "guardduty", "Macie2": "macie2",
	} {
		if got := awscall.Prefix(id); got != want {
			t.Errorf("the prefix of %s is %s, want %s", id, got, want)
		}
	}
}
