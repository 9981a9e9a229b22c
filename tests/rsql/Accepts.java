// SPDX-License-Identifier: Apache-2.0

import cz.jirutka.rsql.parser.RSQLParser;
import cz.jirutka.rsql.parser.RSQLParserException;
import cz.jirutka.rsql.parser.ast.ComparisonOperator;
import cz.jirutka.rsql.parser.ast.RSQLOperators;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;

/** Says of each line of standard input whether the server's parser takes it. */
public class Accepts {
    public static void main(String[] args) throws Exception {
        Set<ComparisonOperator> operators = RSQLOperators.defaultOperators();
        operators.add(new ComparisonOperator("=is=", "=eq="));
        operators.add(new ComparisonOperator("=not=", "=ne="));
        RSQLParser parser = new RSQLParser(operators);
        BufferedReader in = new BufferedReader(
            new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            boolean taken = true;
            try {
                parser.parse(line.toLowerCase(Locale.ROOT));
            } catch (RSQLParserException e) {
                taken = false;
            }
            System.out.println(taken ? "yes" : "no");
        }
    }
}
