package sandbox

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"riposte.dev/sandbox/policy"
	"riposte.dev/sandbox/wire"
)

func createFunction(c *call) (wire.Object, error) {
	r := c.functionRef()
	all := stateOf(c, stateKey{"lambda", c.account.id, c.region}, newFunctions)
	if r.account != c.account.id || r.region != c.region {
		return nil, wire.Errorf("ResourceNotFoundException", "Functions of another account or region can't be created: %s", r.arn())
	}
	if all.byName[r.name] != nil {
		return nil, wire.Errorf("ResourceConflictException", "Function already exist: %s", r.name)
	}
	f := &function{
		ref: functionRef{r.region, r.account, r.name, ""}, runtime: c.in.str("Runtime"), handler: c.in.str("Handler"), role: c.in.str("Role"),
		description: c.in.str("Description"), kind: orElse(c.in.str("PackageType"), "Zip"), architect: "x86_64",
		environment: wire.Object(c.in.object("Environment").object("Variables")), timeout: c.in.number("Timeout", 3),
		memory: c.in.number("MemorySize", 128), modified: c.time.UTC(), revision: c.sb.newUUID(), log: &invocationLog{answer: []byte("{}")}, layers: c.in.strs("Layers"), aliases: map[string]string{}, tags: wire.Object(c.in.object("Tags")),
	}
	if a := c.in.strs("Architectures"); len(a) > 0 {
		f.architect = a[0]
	}
	if f.kind == "Zip" && (f.runtime == "" || f.handler == "") {
		return nil, invalidFunction("Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	}
	code, err := c.functionCode(c.in.object("Code"), f.kind)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(code)
	f.codeSize, f.codeHash = len(code), base64.StdEncoding.EncodeToString(sum[:])
	from := sender{service: "lambda.amazonaws.com", source: r.arn(), account: r.account}
	if role := c.sb.roleAt(f.role); role == nil || !c.sb.assumable(role, from) {
		return nil, invalidFunction("The role defined for the function cannot be assumed by Lambda.")
	}
	all.byName[r.name] = f
	c.subject("AWS::Lambda::Function", r.arn())
	return f.describe(), nil
}

// functionCode is the code that a function is made of: a zip file, sent along
// or in a bucket, or the name of an image.
func (c *call) functionCode(code input, kind string) ([]byte, error) {
	file, _ := code["ZipFile"].([]byte)
	bucket, key := code.str("S3Bucket"), code.str("S3Key")
	switch {
	case kind == "Image" && code.str("ImageUri") != "":
		return []byte(code.str("ImageUri")), nil
	case bucket != "":
		b := liveState(c.sb, stateKey{service: "s3"}, newBuckets).byName[bucket]
		if b == nil || b.objects[key] == nil {
			return nil, invalidFunction("Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist.")
		}
		file = b.objects[key].body
	case len(file) == 0:
		return nil, invalidFunction("Please provide a source for function code.")
	}
	if _, err := zip.NewReader(bytes.NewReader(file), int64(len(file))); err != nil {
		return nil, invalidFunction("Could not unzip uploaded file. Please check your file, then try to upload again.")
	}
	return file, nil
}

func getFunction(c *call) (wire.Object, error) {
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	return wire.Object{"Configuration": f.describe(), "Code": wire.Object{"RepositoryType": "S3"}}, nil
}

func listFunctions(c *call) (wire.Object, error) {
	all := byName(stateOf(c, stateKey{"lambda", c.account.id, c.region}, newFunctions).byName, func(*function) bool { return true })
	page, next, err := paginate(c, all, c.in.str("Marker"), min(c.in.number("MaxItems", 50), 50))
	if err != nil {
		return nil, invalidFunction("Invalid Marker: %v", err)
	}
	out := wire.Object{"Functions": list(page, func(f *function) any { return f.describe() })}
	put(out, "NextMarker", next)
	return out, nil
}

func deleteFunction(c *call) (wire.Object, error) {
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	delete(stateOf(c, stateKey{"lambda", f.ref.account, f.ref.region}, newFunctions).byName, f.ref.name)
	c.subject("AWS::Lambda::Function", f.ref.arn())
	return nil, nil
}

// maxFunctionPolicy is the longest policy of a function, in bytes.
const maxFunctionPolicy = 20 << 10

func addPermission(c *call) (wire.Object, error) {
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	st := permissionStatement{Sid: c.in.str("StatementId"), Effect: "Allow", Action: c.in.str("Action"), Resource: f.ref.arn(), Principal: grantee(c.in.str("Principal"))}
	byURL := ""
	if c.in.has("InvokedViaFunctionUrl") {
		byURL = strconv.FormatBool(c.in.flag("InvokedViaFunctionUrl", false))
	}
	for _, cond := range []struct{ operator, key, value string }{
		{"ArnLike", "AWS:SourceArn", c.in.str("SourceArn")}, {"StringEquals", "AWS:SourceAccount", c.in.str("SourceAccount")},
		{"StringEquals", "aws:PrincipalOrgID", c.in.str("PrincipalOrgID")}, {"StringEquals", "lambda:FunctionUrlAuthType", c.in.str("FunctionUrlAuthType")},
		{"Bool", "lambda:InvokedViaFunctionUrl", byURL},
	} {
		if cond.value == "" {
			continue
		}
		if st.Condition == nil {
			st.Condition = map[string]map[string]string{}
		}
		if st.Condition[cond.operator] == nil {
			st.Condition[cond.operator] = map[string]string{}
		}
		st.Condition[cond.operator][cond.key] = cond.value
	}
	for _, other := range f.statements {
		if other.Sid == st.Sid {
			return nil, wire.Errorf("ResourceConflictException", "The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", st.Sid)
		}
	}
	changed := *f
	changed.statements = append(changed.statements[:len(f.statements):len(f.statements)], st)
	whole, err := changed.document()
	if err != nil {
		return nil, fmt.Errorf("encode the policy: %w", err)
	}
	if len(whole) >= maxFunctionPolicy {
		return nil, wire.Errorf("PolicyLengthExceededException", "The final policy size (%d) is bigger than the limit (%d).", len(whole), maxFunctionPolicy)
	}
	if _, err := policy.Parse(whole); err != nil {
		return nil, invalidFunction("The provided principal was invalid. Please check the principal and try again.")
	}
	text, err := json.Marshal(st)
	if err != nil {
		return nil, fmt.Errorf("encode the statement: %w", err)
	}
	f.statements, f.revision = changed.statements, c.sb.newUUID()
	return wire.Object{"Statement": string(text)}, nil
}

// grantee is the Principal of a permission: a service, an account or an ARN.
func grantee(principal string) any {
	switch {
	case principal == "*":
		return "*"
	case accountID.MatchString(principal):
		return map[string]string{"AWS": arn("iam", "", principal, "root")}
	case strings.HasPrefix(principal, "arn:"):
		return map[string]string{"AWS": principal}
	}
	return map[string]string{"Service": principal}
}

func getFunctionPolicy(c *call) (wire.Object, error) {
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	if len(f.statements) == 0 {
		return nil, wire.Errorf("ResourceNotFoundException", "The resource you requested does not exist.")
	}
	text, err := f.document()
	if err != nil {
		return nil, fmt.Errorf("encode the policy: %w", err)
	}
	return wire.Object{"Policy": string(text), "RevisionId": f.revision}, nil
}
