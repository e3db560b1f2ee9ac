module workstation/sidecars/sm-tunnel/bench/go-tunnel

go 1.22
