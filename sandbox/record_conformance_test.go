//go:build conformance

package sandbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"riposte.dev/sandbox"
)

type record = map[string]any

// realRecords reads CloudTrail's own records, by what was called and how it ended.
func realRecords(t *testing.T) map[string][]record {
	t.Helper()
	root := os.Getenv("RIPOSTE_SHARED_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "data")
	}
	files, err := filepath.Glob(filepath.Join(root, "cloudtrail", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no CloudTrail files under %s: set RIPOSTE_SHARED_DATA", root)
	}
	out := map[string][]record{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var log struct{ Records []record }
		if err := json.Unmarshal(data, &log); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		for _, r := range log.Records {
			out[key(r)] = append(out[key(r)], r)
		}
	}
	return out
}

func key(r record) string {
	return fmt.Sprint(r["eventSource"], " ", r["eventName"], " ", orEmpty(r["errorCode"]))
}

func orEmpty(v any) any {
	if v == nil {
		return "ok"
	}
	return v
}

// environmental are members that depend on where and how a call was made, not
// on the call: the console, instance roles, VPC endpoints, other accounts. The
// empty webIdFederationData was dropped by CloudTrail after these records.
var environmental = []string{
	"sessionCredentialFromConsole", "vpcEndpointId", "sharedEventID", "apiVersion", "tlsDetails",
	"userIdentity.sessionContext.webIdFederationData", "userIdentity.sessionContext.ec2RoleDelivery", "userIdentity.invokedBy",
}

// shape flattens a record to "path:type" for each of its values.
func shape(r record) []string {
	set := map[string]bool{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		if slices.Contains(environmental, path) {
			return
		}
		switch x := v.(type) {
		case map[string]any:
			if len(x) == 0 && strings.HasSuffix(path, ".sessionIssuer") {
				return // as empty as webIdFederationData
			}
			set[path+":object"] = true
			for k, e := range x {
				walk(strings.TrimPrefix(path+"."+k, "."), e)
			}
		case []any:
			set[path+":list"] = true
			for _, e := range x {
				walk(path+"[]", e)
			}
		default:
			set[fmt.Sprintf("%s:%T", path, v)] = true
		}
	}
	walk("", map[string]any(r))
	out := make([]string, 0, len(set))
	for s := range set {
		out = append(out, s)
	}
	sort.Strings(out)
	return out
}

// session says whether a record's caller held temporary credentials.
func session(r record) bool {
	u, _ := r["userIdentity"].(map[string]any)
	return u["sessionContext"] != nil
}

// nearest says what separates a record from the real ones that come closest.
func nearest(got record, real []record) (missing, extra []string) {
	mine := shape(got)
	best := -1
	for _, r := range real {
		if session(r) && !session(got) {
			// The call was made from the console; the rest must still agree.
			r = maps.Clone(r)
			r["userIdentity"] = got["userIdentity"]
		}
		theirs := shape(r)
		var m, e []string
		for _, s := range theirs {
			if !slices.Contains(mine, s) {
				m = append(m, s)
			}
		}
		for _, s := range mine {
			if !slices.Contains(theirs, s) {
				e = append(e, s)
			}
		}
		if best < 0 || len(m)+len(e) < best {
			best, missing, extra = len(m)+len(e), m, e
		}
	}
	return missing, extra
}

// TestConformanceRecordsLookReal makes the calls of the real records at the sandbox and
// wants the same members, spelled the same, of the same types.
func TestConformanceRecordsLookReal(t *testing.T) {
	real := realRecords(t)
	w := newTrailWorld(t, sandbox.Options{})
	caller := w.user("bert-jan", sandbox.AdministratorAccess)
	for _, play := range scenarios {
		play(t, w, caller)
	}
	resp, err := http.Get(w.url + "/_sandbox/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var log struct{ Records []record }
	if err := json.NewDecoder(resp.Body).Decode(&log); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, got := range log.Records {
		theirs := real[key(got)]
		if len(theirs) == 0 {
			continue
		}
		compared++
		if missing, extra := nearest(got, theirs); len(missing)+len(extra) > 0 {
			t.Errorf("%s: missing %v, extra %v", key(got), missing, extra)
		}
	}
	t.Logf("%d records were compared with %d kinds of real ones", compared, len(real))
	if compared < 44 {
		t.Errorf("only %d records were compared", compared)
	}
}

// scenarios make calls as the user bert-jan did.
var scenarios = []func(*testing.T, *world, sandbox.Keys){playTrails, playIdentities, playSessions, playNetworks, playBuckets}

func playTrails(t *testing.T, w *world, keys sandbox.Keys) {
	ctx, c := context.Background(), w.trailClient(keys, "us-east-1")
	name, gone := aws.String("stratus"), aws.String("stratus-gone")
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(c.CreateTrail(ctx, &cloudtrail.CreateTrailInput{
		Name: name, S3BucketName: aws.String(trailBucket), IncludeGlobalServiceEvents: aws.Bool(true),
		TagsList: []cttypes.Tag{{Key: aws.String("StratusRedTeam"), Value: aws.String("true")}},
	}))
	must(c.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: name}))
	must(c.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: name}))
	must(c.GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: name}))
	must(c.PutEventSelectors(ctx, &cloudtrail.PutEventSelectorsInput{TrailName: name, EventSelectors: []cttypes.EventSelector{{
		ReadWriteType: cttypes.ReadWriteTypeAll, IncludeManagementEvents: aws.Bool(true),
		DataResources: []cttypes.DataResource{}, ExcludeManagementEventSources: []string{},
	}}}))
	_, err := c.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: gone})
	wantCode(t, err, "TrailNotFoundException")
	_, err = c.StopLogging(ctx, &cloudtrail.StopLoggingInput{Name: gone})
	wantCode(t, err, "TrailNotFoundException")
	must(c.DeleteTrail(ctx, &cloudtrail.DeleteTrailInput{Name: name}))
}

func playIdentities(t *testing.T, w *world, keys sandbox.Keys) {
	ctx, c := context.Background(), iam.NewFromConfig(w.config(keys, "us-east-1"))
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	role, pol, doc := aws.String("stratus-role"), aws.String("inline-policy"), aws.String(allow("ec2:Describe*", "*"))
	admin := aws.String(sandbox.AdministratorAccess)
	must(c.GetUser(ctx, nil))
	must(c.ListUsers(ctx, nil))
	must(c.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: role, Path: aws.String("/"), AssumeRolePolicyDocument: aws.String(trust(testAccount, "")), MaxSessionDuration: aws.Int32(3600),
		Tags: []iamtypes.Tag{{Key: aws.String("StratusRedTeam"), Value: aws.String("true")}},
	}))
	must(c.GetRole(ctx, &iam.GetRoleInput{RoleName: role}))
	_, err := c.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("missing")})
	wantCode(t, err, "NoSuchEntity")
	must(c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: role, PolicyName: pol, PolicyDocument: doc}))
	must(c.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: role, PolicyName: pol}))
	must(c.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: role}))
	must(c.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: admin}))
	must(c.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: role}))
	must(c.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: role, PolicyDocument: aws.String(trust(testAccount, ""))}))
	must(c.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: role, PolicyArn: admin}))
	must(c.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: role, PolicyName: pol}))
	must(c.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: role}))
	victim := aws.String("stratus-user")
	must(c.CreateUser(ctx, &iam.CreateUserInput{UserName: victim}))
	k, err := c.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: victim})
	must(k, err)
	must(c.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: victim}))
	must(c.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: victim, AccessKeyId: k.AccessKey.AccessKeyId}))
	must(c.DeleteUser(ctx, &iam.DeleteUserInput{UserName: victim}))
}

func playSessions(t *testing.T, w *world, keys sandbox.Keys) {
	ctx, c := context.Background(), sts.NewFromConfig(w.config(keys, "us-east-1"))
	if _, err := c.GetCallerIdentity(ctx, nil); err != nil {
		t.Fatal(err)
	}
	role, err := w.account.CreateRole("assumed", trust(testAccount, ""))
	if err != nil {
		t.Fatal(err)
	}
	in := &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("aws-go-sdk-1"), DurationSeconds: aws.Int32(900)}
	out, err := c.AssumeRole(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sts.NewFromConfig(w.config(keysOf(out.Credentials), "us-east-1")).GetCallerIdentity(ctx, nil); err != nil {
		t.Fatal(err)
	}
	in.RoleArn = aws.String(role + "-gone")
	_, err = c.AssumeRole(ctx, in)
	wantCode(t, err, "AccessDenied")
	if err := w.account.CreateOrganization(); err != nil {
		t.Fatal(err)
	}
	console, err := c.GetSessionToken(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := organizations.NewFromConfig(w.config(keysOf(console.Credentials), "us-east-1")).DescribeOrganization(ctx, nil); err != nil {
		t.Fatal(err)
	}
}
