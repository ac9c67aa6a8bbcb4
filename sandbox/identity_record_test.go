package sandbox_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"riposte.dev/sandbox"
)

// detail is the record in an event.
func detail(e map[string]any) map[string]any { return e["detail"].(map[string]any) }

// wantJSON compares with JSON in which "*" stands for anything.
func wantJSON(t *testing.T, what, want string, got any) {
	t.Helper()
	var w any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("%s: %v", want, err)
	}
	if d := cmp.Diff(w, wild(w, got)); d != "" {
		t.Errorf("%s (-want +got)\n%s", what, d)
	}
}

// A whole event, as EventBridge delivers it.
func TestStopLoggingEvent(t *testing.T) {
	w := newTrailWorld(t, sandbox.Options{})
	w.makeTrail("main")
	cfg := w.config(w.user("mallory", sandbox.AdministratorAccess), "us-east-1")
	cfg.HTTPClient = sentFrom("198.51.100.7")
	if _, err := cloudtrail.NewFromConfig(cfg).StopLogging(t.Context(), &cloudtrail.StopLoggingInput{Name: aws.String("main")}); err != nil {
		t.Fatal(err)
	}
	wantJSON(t, "event", `{
		"version": "0", "id": "*", "detail-type": "AWS API Call via CloudTrail", "source": "aws.cloudtrail",
		"account": "111122223333", "time": "*", "region": "us-east-1", "resources": [],
		"detail": {
			"eventVersion": "1.11",
			"userIdentity": {
				"type": "IAMUser", "principalId": "*", "arn": "arn:aws:iam::111122223333:user/mallory",
				"accountId": "111122223333", "accessKeyId": "*", "userName": "mallory"
			},
			"eventTime": "*", "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging", "awsRegion": "us-east-1",
			"sourceIPAddress": "198.51.100.7", "userAgent": "*",
			"requestParameters": {"name": "main"}, "responseElements": null,
			"requestID": "*", "eventID": "*", "readOnly": false, "eventType": "AwsApiCall", "managementEvent": true,
			"recipientAccountId": "111122223333", "eventCategory": "Management",
			"tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "*", "clientProvidedHostHeader": "cloudtrail.us-east-1.amazonaws.com"}
		}}`, w.delivered(3)[2])
	calls := w.Calls(sandbox.Match{Operation: "StopLogging"})
	if got := detail(w.delivered(3)[2])["requestID"]; got != calls[0].RequestID {
		t.Errorf("the record's requestID is %v, the journal's %s", got, calls[0].RequestID)
	}
}

func TestUserIdentities(t *testing.T) {
	w := newWorld(t, sandbox.Options{ReadOnlyEvents: true})
	other, err := w.CreateAccount(otherAccount, "other")
	if err != nil {
		t.Fatal(err)
	}
	cross, err := other.CreateRole("ops", trust(testAccount, ""), sandbox.AdministratorAccess)
	if err != nil {
		t.Fatal(err)
	}
	alice := w.user("alice", allow("sts:*", "*"))
	client := sts.NewFromConfig(w.config(alice, "eu-west-1"))
	out, err := client.AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: &cross, RoleSessionName: aws.String("night-shift"), SourceIdentity: aws.String("alice@example.com"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := iam.NewFromConfig(w.config(keysOf(out.Credentials), "eu-west-1")).ListUsers(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := iam.NewFromConfig(w.config(w.root, "us-east-1")).CreateAccessKey(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	events := w.delivered(4)

	assumed, shared := detail(events[0]), detail(events[1])
	wantJSON(t, "caller of AssumeRole", `{"type":"IAMUser","principalId":"*","arn":"arn:aws:iam::111122223333:user/alice","accountId":"111122223333","accessKeyId":"*","userName":"alice"}`, assumed["userIdentity"])
	wantJSON(t, "requestParameters", `{"roleArn":"arn:aws:iam::444455556666:role/ops","roleSessionName":"night-shift","sourceIdentity":"alice@example.com"}`, assumed["requestParameters"])
	wantJSON(t, "responseElements", `{
		"credentials":{"accessKeyId":"*","sessionToken":"*","expiration":"*"},"sourceIdentity":"alice@example.com",
		"assumedRoleUser":{"assumedRoleId":"*","arn":"arn:aws:sts::444455556666:assumed-role/ops/night-shift"}}`, assumed["responseElements"])
	wantJSON(t, "resources", `[{"accountId":"444455556666","type":"AWS::IAM::Role","ARN":"arn:aws:iam::444455556666:role/ops"}]`, assumed["resources"])
	if assumed["readOnly"] != true || assumed["sharedEventID"] != shared["sharedEventID"] || assumed["eventID"] == shared["eventID"] {
		t.Errorf("AssumeRole's two records are %v and %v", assumed, shared)
	}
	if shared["recipientAccountId"] != otherAccount || events[1]["account"] != otherAccount {
		t.Errorf("the role's account did not get a record: %v", events[1])
	}
	wantJSON(t, "caller, seen from the role's account", `{"type":"AWSAccount","principalId":"*","accountId":"111122223333"}`, shared["userIdentity"])

	session := detail(events[2])
	wantJSON(t, "session", `{
		"type":"AssumedRole","principalId":"*","arn":"arn:aws:sts::444455556666:assumed-role/ops/night-shift","accountId":"444455556666","accessKeyId":"*",
		"sessionContext":{
			"sessionIssuer":{"type":"Role","principalId":"*","arn":"arn:aws:iam::444455556666:role/ops","accountId":"444455556666","userName":"ops"},
			"attributes":{"creationDate":"*","mfaAuthenticated":"false"},"sourceIdentity":"alice@example.com"}}`, session["userIdentity"])
	if session["awsRegion"] != "us-east-1" {
		t.Errorf("IAM's record lies in %v", session["awsRegion"])
	}

	root := detail(events[3])
	wantJSON(t, "root", `{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","accessKeyId":"*"}`, root["userIdentity"])
	// The secret is in no record.
	wantJSON(t, "key of root", `{"accessKey":{"userName":"root","accessKeyId":"*","status":"Active","createDate":"*"}}`, root["responseElements"])
}

func TestFailedCallsAreRecorded(t *testing.T) {
	w := newTrailWorld(t, sandbox.Options{})
	bob := w.trailClient(w.user("bob"), "us-east-1")
	_, err := bob.StopLogging(t.Context(), &cloudtrail.StopLoggingInput{Name: aws.String("main")})
	wantCode(t, err, "AccessDeniedException")
	_, err = w.trailClient(w.root, "us-east-1").StopLogging(t.Context(), &cloudtrail.StopLoggingInput{Name: aws.String("main")})
	wantCode(t, err, "TrailNotFoundException")
	_, err = iam.NewFromConfig(w.config(w.root, "us-east-1")).DeleteUser(t.Context(), &iam.DeleteUserInput{UserName: aws.String("none")})
	wantCode(t, err, "NoSuchEntity")
	events := w.delivered(3)
	for i, tc := range []struct{ code, message, request string }{
		{"AccessDenied", "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: cloudtrail:StopLogging on resource: arn:aws:cloudtrail:us-east-1:111122223333:trail/main because no identity-based policy allows the cloudtrail:StopLogging action", `null`},
		{"TrailNotFoundException", "Unknown trail: arn:aws:cloudtrail:us-east-1:111122223333:trail/main for the user: 111122223333", `{"name":"main"}`},
		{"NoSuchEntityException", "The user with name none cannot be found.", `{"userName":"none"}`},
	} {
		d := detail(events[i])
		if d["errorCode"] != tc.code || d["errorMessage"] != tc.message {
			t.Errorf("record has %v: %v", d["errorCode"], d["errorMessage"])
		}
		wantJSON(t, tc.code, tc.request, d["requestParameters"])
	}
}
