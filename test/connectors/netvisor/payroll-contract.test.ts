import { keepsTheContract } from '../../conformance/keeps-the-contract.ts';
import { payrollSubject } from './payroll-subject.ts';

keepsTheContract('netvisor payroll', payrollSubject);
