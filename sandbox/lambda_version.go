package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"

	"riposte.dev/sandbox/wire"
)

// functionVersion is a published version: what a function was then.
type functionVersion struct {
	number            int
	code, description string // code by its hash
}

// layerARN is a version of a layer. The sandbox keeps no layers: whatever has
// such an ARN is one.
var layerARN = regexp.MustCompile(`^arn:aws:lambda:[a-z]{2}-[a-z-]+-\d:\d{12}:layer:[a-zA-Z0-9-_]+:\d+$`)

// maxLayers is how many a function has at most
// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
const maxLayers = 5

// codeNeeds is the permission to read the code from a bucket.
func codeNeeds(c *call) []need {
	bucket, action := c.in.str("S3Bucket"), "s3:GetObject"
	if bucket == "" {
		return nil
	}
	if c.in.has("S3ObjectVersion") {
		action = "s3:GetObjectVersion"
	}
	return []need{{action, arn("s3", "", "", bucket+"/"+c.in.str("S3Key"))}}
}

// layerNeeds are the permissions to use the layers of the input.
func layerNeeds(c *call) []need {
	var out []need
	for _, layer := range c.in.strs("Layers") {
		out = append(out, need{"lambda:GetLayerVersion", layer})
	}
	return out
}

func updateFunctionCode(c *call) (wire.Object, error) {
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	if v := c.in.str("S3ObjectVersion"); v != "" && v != "null" {
		return nil, invalidFunction("Error occurred while GetObject. S3 Error Code: NoSuchVersion. S3 Error Message: The specified version does not exist.")
	}
	code, err := c.functionCode(c.in, f.kind)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(code)
	f.codeSize, f.codeHash = len(code), base64.StdEncoding.EncodeToString(sum[:])
	f.modified, f.revision = c.time.UTC(), c.sb.newUUID()
	c.subject("AWS::Lambda::Function", f.ref.arn())
	return f.describe(), nil
}

// updateFunctionConfiguration changes what the sandbox has a use for.
func updateFunctionConfiguration(c *call) (wire.Object, error) {
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	layers := c.in.strs("Layers")
	switch {
	case len(layers) > maxLayers:
		return nil, invalidFunction("Function can have at most %d layers", maxLayers)
	case slices.ContainsFunc(layers, func(l string) bool { return !layerARN.MatchString(l) }):
		return nil, invalidFunction("Layer version ARN is invalid: %v", layers)
	case c.in.has("Layers") && f.kind == "Image":
		return nil, invalidFunction("Layers are not supported for container image functions.")
	case c.in.has("Layers"):
		f.layers = layers
	}
	f.description = orElse(c.in.str("Description"), f.description)
	f.timeout, f.memory = c.in.number("Timeout", f.timeout), c.in.number("MemorySize", f.memory)
	f.modified, f.revision = c.time.UTC(), c.sb.newUUID()
	c.subject("AWS::Lambda::Function", f.ref.arn())
	return f.describe(), nil
}

// publishVersion makes no version of code that the latest has already.
func publishVersion(c *call) (wire.Object, error) {
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	if want := c.in.str("CodeSha256"); want != "" && want != f.codeHash {
		return nil, invalidFunction("CodeSHA256 (%s) is different from current CodeSHA256 in $LATEST (%s). Please try again with the CodeSHA256 in $LATEST.", want, f.codeHash)
	}
	n := len(f.versions)
	if n == 0 || f.versions[n-1].code != f.codeHash {
		f.versions = append(f.versions[:n:n], functionVersion{n + 1, f.codeHash, c.in.str("Description")})
	}
	return f.describeVersion(f.versions[len(f.versions)-1]), nil
}

func (f *function) describeVersion(v functionVersion) wire.Object {
	out := f.describe()
	out["Version"], out["CodeSha256"] = strconv.Itoa(v.number), v.code
	out["FunctionArn"] = f.ref.arn() + ":" + strconv.Itoa(v.number)
	put(out, "Description", v.description)
	return out
}

func listFunctionVersions(c *call) (wire.Object, error) {
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	all := []wire.Object{f.describe()}
	for _, v := range f.versions {
		all = append(all, f.describeVersion(v))
	}
	page, next, err := paginate(c, all, c.in.str("Marker"), min(c.in.number("MaxItems", 50), 50))
	if err != nil {
		return nil, invalidFunction("Invalid Marker: %v", err)
	}
	out := wire.Object{"Versions": list(page, func(v wire.Object) any { return v })}
	put(out, "NextMarker", next)
	return out, nil
}

func (f *function) hasVersion(text string) bool {
	n, err := strconv.Atoi(text)
	return text == "$LATEST" || err == nil && n > 0 && n <= len(f.versions)
}

func (f *function) describeAlias(name string) wire.Object {
	return wire.Object{"AliasArn": f.ref.arn() + ":" + name, "Name": name, "FunctionVersion": f.aliases[name], "Description": "", "RevisionId": f.revision}
}

// setFunctionAlias makes an alias, or points one to another version.
func setFunctionAlias(fresh bool) func(*call) (wire.Object, error) {
	return func(c *call) (wire.Object, error) {
		f, err := c.function()
		if err != nil {
			return nil, err
		}
		name, version := c.in.str("Name"), c.in.str("FunctionVersion")
		switch present := f.aliases[name] != ""; {
		case present && fresh:
			return nil, wire.Errorf("ResourceConflictException", "Alias already exists: %s:%s", f.ref.arn(), name)
		case !present && !fresh:
			return nil, wire.Errorf("ResourceNotFoundException", "Alias not found: %s:%s", f.ref.arn(), name)
		case !f.hasVersion(version):
			return nil, wire.Errorf("ResourceNotFoundException", "Function not found: %s:%s", f.ref.arn(), version)
		}
		f.aliases[name], f.revision = version, c.sb.newUUID()
		return f.describeAlias(name), nil
	}
}

func getFunctionAlias(c *call) (wire.Object, error) {
	f, err := c.function()
	if err != nil {
		return nil, err
	}
	name := c.in.str("Name")
	if f.aliases[name] == "" {
		return nil, wire.Errorf("ResourceNotFoundException", "Cannot find alias arn: %s:%s", f.ref.arn(), name)
	}
	return f.describeAlias(name), nil
}
