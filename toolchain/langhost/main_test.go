package langhost

import "testing"

// `pulumi --logflow -v=9 --logtostderr` hands these on to every plugin; one that refuses them cannot be started.
func TestServeTakesTheEnginesLogFlags(t *testing.T) {
	if err := serve("v0.0.0", nil, []string{"-logtostderr", "-v=9", "-version"}); err != nil {
		t.Fatal(err)
	}
}
